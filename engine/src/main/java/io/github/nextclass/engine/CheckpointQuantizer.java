package io.github.nextclass.engine;

import io.github.nextclass.engine.quant.BlockMatrix;
import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.SafetensorsException;
import io.github.nextclass.safetensors.SafetensorsWriter;
import io.github.nextclass.safetensors.Storage;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Writes a checkpoint in q8 or q4: a folder with the same tokenizer and configuration, whose
 * matrices map straight into memory. What the bytes mean is in docs/quantization.md, and in short
 * in the file's {@code __metadata__}.
 *
 * <p>Embeddings, LM head and all linear layers are quantised; norms, biases and a score head stay
 * as they are. One matrix at a time is in memory.
 */
public final class CheckpointQuantizer {
  private static final Set<DType> FLOATS = Set.of(DType.BF16, DType.F16, DType.F32);

  /** Decoding in q4 is 5 % faster where vectors do not straddle lines. */
  private static final int CACHE_LINE_BYTES = 64;

  private static final String CONFIG = "config.json";
  private static final String WEIGHTS = "model.safetensors";
  private static final String LM_HEAD = "lm_head.weight";

  private CheckpointQuantizer() {}

  /**
   * Quantises a checkpoint.
   *
   * @param folder a checkpoint of floats
   * @param format {@link WeightFormat#Q8} or {@link WeightFormat#Q4}
   * @param target a folder that is empty or not there
   * @param threads how many threads quantise, at least 1
   * @param progress hears how far it is
   * @throws ModelFormatException if the checkpoint is not a Qwen3 of floats, holds weights that are
   *     not finite, or the target is not empty
   * @throws IOException if a file cannot be read or written; what was written then has no
   *     config.json and does not load
   */
  public static void quantize(
      Path folder, WeightFormat format, Path target, int threads, LoadProgress progress)
      throws IOException {
    if (format == WeightFormat.AS_STORED) {
      throw new IllegalArgumentException("format is " + format + ", expected q8 or q4");
    }
    if (!Files.isDirectory(folder)) {
      throw new ModelFormatException(folder + ": no such folder; expected a checkpoint folder");
    }
    Qwen3Config config = Qwen3Config.read(folder.resolve(CONFIG));
    if (config.quantization() != null) {
      throw new ModelFormatException(
          folder + ": is quantised already, " + config.quantization() + ", expected floats");
    }
    List<Path> others = others(folder);
    if (Files.exists(target) && !isEmptyFolder(target)) {
      throw new ModelFormatException(target + ": is not empty, expected a new folder");
    }
    try (TensorSource tensors = Safetensors.open(folder, Storage.MMAP)) {
      Files.createDirectories(target);
      weights(tensors, config, format, target.resolve(WEIGHTS), threads, progress);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    for (Path file : others) {
      Files.copy(file, target.resolve(file.getFileName().toString()));
    }
    Files.writeString(
        target.resolve(CONFIG),
        ConfigWriter.withQuantization(Files.readString(folder.resolve(CONFIG)), format.toString()));
  }

  /** All but the weights and what is written anew. */
  private static List<Path> others(Path folder) throws IOException {
    List<Path> others = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        boolean weights = name.endsWith(".safetensors") || name.endsWith(".safetensors.index.json");
        if (Files.isRegularFile(file) && !weights && !name.equals(CONFIG)) {
          others.add(file);
        }
      }
    }
    return others;
  }

  private static boolean isEmptyFolder(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return false;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(path)) {
      return !files.iterator().hasNext();
    }
  }

  private static void weights(
      TensorSource tensors,
      Qwen3Config config,
      WeightFormat format,
      Path file,
      int threads,
      LoadProgress progress)
      throws IOException {
    SafetensorsWriter writer =
        new SafetensorsWriter()
            .alignData(CACHE_LINE_BYTES)
            .metadata("format", "pt")
            .metadata("nextclass.format", format.toString())
            .metadata("nextclass.layout", layout(format));
    try (Arena memory = Arena.ofShared();
        WeightQuantizer quantizer = new WeightQuantizer(format.bits(), threads, memory, progress)) {
      boolean headIsCopy = Qwen3Weights.headIsCopy(tensors, config);
      long largest = 0;
      List<Tensor> matrices = new ArrayList<>();
      for (String name : tensors.names()) {
        Tensor tensor = tensors.tensor(name);
        if (name.equals(LM_HEAD) && headIsCopy) {
          continue; // the embeddings are the LM head
        }
        if (!FLOATS.contains(tensor.dtype())) {
          throw new ModelFormatException(
              name + " is " + tensor.dtype() + ", expected F32, F16 or BF16");
        }
        if (tensor.rank() == 2 && !name.equals("score.weight")) {
          int rows = Math.toIntExact(tensor.shape()[0]);
          int columns = columns(tensor);
          quantizer.announce((long) rows * columns);
          largest = Math.max(largest, BlockMatrix.bytes(format.bits(), rows, columns));
          matrices.add(tensor);
        } else {
          writer.add(name, tensor.dtype(), tensor.shape(), tensor.segment());
        }
      }
      MemorySegment one = memory.allocate(Math.max(1, largest), CACHE_LINE_BYTES);
      for (Tensor tensor : matrices) {
        int rows = Math.toIntExact(tensor.shape()[0]);
        int columns = columns(tensor);
        long[] shape = {
          BlockMatrix.panels(rows),
          columns / BlockMatrix.BLOCK,
          BlockMatrix.blockBytes(format.bits())
        };
        MemorySegment part = one.asSlice(0, BlockMatrix.bytes(format.bits(), rows, columns));
        writer.add(
            tensor.name(),
            DType.U8,
            shape,
            () -> {
              try {
                quantizer.quantize(tensor, rows, columns, part);
                return part;
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
      }
      writer.write(file);
    }
  }

  private static int columns(Tensor tensor) throws SafetensorsException, ModelFormatException {
    int columns = Math.toIntExact(tensor.shape()[1]);
    if (columns % BlockMatrix.BLOCK != 0) {
      throw new ModelFormatException(
          tensor.name() + " has " + columns + " inputs, expected a multiple of 32 to quantise it");
    }
    return columns;
  }

  private static String layout(WeightFormat format) {
    String word =
        format == WeightFormat.Q4
            ? "8 x 32 words of 4 levels + 8, lowest first"
            : "16 x 32 words of 2 signed levels, lowest first";
    return "U8 [outputs / 32][inputs / 32][block]; block: "
        + word
        + ", then 32 bf16 scales; lane 2 i is output i, lane 2 i + 1 output 16 + i; w = level * scale";
  }
}
