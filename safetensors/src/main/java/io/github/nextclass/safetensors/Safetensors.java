package io.github.nextclass.safetensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Opens safetensors files and sharded checkpoints.
 *
 * <p>Opening checks everything: the rules of the Rust reference (<a
 * href="https://github.com/huggingface/safetensors">huggingface/safetensors</a>, {@code
 * tensor.rs}), and besides that no duplicate names or keys, at most 200,000 tensors unless said
 * otherwise, 64 dimensions, names of 32,768 characters, JSON of depth 8, dimensions and offsets
 * below 2<sup>63</sup>. No memory is allocated from a number that was not compared with the size of
 * the file.
 */
public final class Safetensors {
  private static final String INDEX_NAME = "model.safetensors.index.json";
  private static final String SINGLE_NAME = "model.safetensors";

  private Safetensors() {}

  /**
   * Opens by {@link Storage#MMAP}.
   *
   * @param fileOrFolder see {@link #open(Path, Storage)}
   * @return the tensors; close it after use
   * @throws SafetensorsException if the file is not valid; the message says where and why
   * @throws IOException if reading fails
   */
  public static TensorSource open(Path fileOrFolder) throws IOException {
    return open(fileOrFolder, Storage.MMAP);
  }

  /**
   * Opens a file or a checkpoint.
   *
   * @param fileOrFolder a {@code .safetensors} file; or an index, whose name ends in {@code .json};
   *     or a folder that holds {@code model.safetensors.index.json} or else {@code
   *     model.safetensors}. Symbolic links are followed
   * @param storage how to hold the data
   * @return the tensors; close it after use
   * @throws SafetensorsException if a file is not valid; the message says where and why
   * @throws IOException if reading fails
   */
  public static TensorSource open(Path fileOrFolder, Storage storage) throws IOException {
    return open(fileOrFolder, storage, Header.DEFAULT_MAX_TENSORS);
  }

  /**
   * Opens a file or a checkpoint of unusually many tensors.
   *
   * @param fileOrFolder see {@link #open(Path, Storage)}
   * @param storage how to hold the data
   * @param maxTensors the most tensors to accept in one file or index, at least 1
   * @return the tensors; close it after use
   * @throws SafetensorsException if a file is not valid; the message says where and why
   * @throws IOException if reading fails
   */
  // The arena lives as long as the source that is returned.
  @SuppressWarnings("MustBeClosedChecker")
  public static TensorSource open(Path fileOrFolder, Storage storage, int maxTensors)
      throws IOException {
    if (maxTensors < 1) {
      throw new IllegalArgumentException("maxTensors is " + maxTensors + ", expected >= 1");
    }
    Path file = Files.isDirectory(fileOrFolder) ? findInFolder(fileOrFolder) : fileOrFolder;
    Arena arena = Arena.ofShared();
    try {
      return file.toString().endsWith(".json")
          ? openShards(ShardIndex.read(file, maxTensors), storage, maxTensors, arena)
          : new OpenFiles(file, List.of(DataFile.open(file, storage, maxTensors, arena)), arena);
    } catch (Throwable e) {
      arena.close();
      throw e;
    }
  }

  private static Path findInFolder(Path folder) throws SafetensorsException {
    Path index = folder.resolve(INDEX_NAME);
    Path single = folder.resolve(SINGLE_NAME);
    if (Files.exists(index)) {
      return index;
    }
    if (Files.exists(single)) {
      return single;
    }
    throw SafetensorsException.of(
        folder, "folder has neither %s nor %s".formatted(INDEX_NAME, SINGLE_NAME));
  }

  private static TensorSource openShards(
      ShardIndex index, Storage storage, int maxTensors, Arena arena) throws IOException {
    index.requireShards();
    List<DataFile> shards = new ArrayList<>();
    for (Path shard : index.shards()) {
      shards.add(DataFile.open(shard, storage, maxTensors, arena));
    }
    index.checkAgainst(shards);
    return new OpenFiles(index.file(), shards, arena);
  }
}
