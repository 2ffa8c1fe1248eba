package io.github.nextclass.safetensors;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The index of a sharded checkpoint, {@code model.safetensors.index.json}:
 *
 * <pre>
 *   {"metadata": {"total_size": 8045591552},
 *    "weight_map": {"model.norm.weight": "model-00002-of-00002.safetensors", ...}}
 * </pre>
 *
 * @param file the index itself; the shards lie beside it
 * @param weightMap tensor name to shard name
 */
record ShardIndex(Path file, Map<String, String> weightMap) {
  private static final String WEIGHT_MAP_KEY = "weight_map";

  /** Reads an index; its shards are not looked at. */
  static ShardIndex read(Path file, int maxTensors) throws IOException {
    long fileBytes = FileState.of(file).sizeBytes();
    if (fileBytes > Header.MAX_BYTES) {
      throw SafetensorsException.of(
          file, "index has %d bytes > limit %d".formatted(fileBytes, Header.MAX_BYTES));
    }
    return parse(file, Files.readAllBytes(file), maxTensors);
  }

  static ShardIndex parse(Path file, byte[] utf8, int maxTensors) throws SafetensorsException {
    try (StrictJson json = StrictJson.open(file, utf8)) {
      Map<String, String> weightMap = null;
      for (String key = json.nextName(); key != null; key = json.nextName()) {
        if (key.equals(WEIGHT_MAP_KEY)) {
          weightMap = readWeightMap(file, json, maxTensors);
        } else {
          json.skipValue();
        }
      }
      json.expectEnd();
      if (weightMap == null) {
        throw json.failure("missing weight_map, expected an object of tensor name to shard name");
      }
      return new ShardIndex(file, weightMap);
    }
  }

  private static Map<String, String> readWeightMap(Path file, StrictJson json, int maxTensors)
      throws SafetensorsException {
    json.expectObject(WEIGHT_MAP_KEY);
    Map<String, String> weightMap = new LinkedHashMap<>();
    for (String name = json.nextName(); name != null; name = json.nextName()) {
      if (weightMap.size() == maxTensors) {
        throw json.failure(
            "found more than %d tensors, the limit given to Safetensors.open"
                .formatted(maxTensors));
      }
      json.about(name);
      weightMap.put(name, checkedShardName(file, name, json.expectString("the shard name")));
      json.about(null);
    }
    return weightMap;
  }

  /**
   * A shard is named by a plain file name, or an index could make us read any file of the machine.
   */
  private static String checkedShardName(Path file, String tensor, String shard)
      throws SafetensorsException {
    boolean plain;
    try {
      plain =
          !shard.isEmpty()
              && !shard.equals(".")
              && !shard.equals("..")
              && shard.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ')
              && Path.of(shard).getNameCount() == 1
              && !Path.of(shard).isAbsolute();
    } catch (InvalidPathException e) {
      plain = false;
    }
    if (!plain) {
      throw SafetensorsException.of(
          file,
          tensor,
          "shard name must be a plain file name beside the index, found "
              + SafetensorsException.quote(shard));
    }
    return shard;
  }

  /** The shards in the order of their names, each once. */
  List<Path> shards() {
    return new TreeSet<>(weightMap.values()).stream().map(file::resolveSibling).toList();
  }

  /**
   * Checks that every shard is there, and names all that are not.
   *
   * <p>A symbolic link to a regular file is as good as the file: in the cache of Hugging Face every
   * shard is a link into a folder of blobs. The link was put there by whoever owns the folder,
   * while the names come out of a downloaded file; hence names are held to be plain, links are
   * followed.
   */
  void requireShards() throws IOException {
    List<String> missing = new ArrayList<>();
    List<Path> shards = shards();
    for (Path shard : shards) {
      if (!Files.exists(shard)) {
        missing.add(shard.getFileName().toString());
      }
    }
    if (!missing.isEmpty()) {
      throw SafetensorsException.of(
          file,
          "%d of %d shards are missing: %s"
              .formatted(missing.size(), shards.size(), String.join(", ", missing)));
    }
    for (Path shard : shards) {
      FileState.of(shard);
    }
  }

  /** Checks that index and shards tell the same story: each tensor in its shard, and only there. */
  void checkAgainst(List<DataFile> shards) throws SafetensorsException {
    Map<String, Path> found = new LinkedHashMap<>();
    for (DataFile shard : shards) {
      for (TensorInfo tensor : shard.header().tensors()) {
        checkPlace(tensor.name(), shard.path(), found);
      }
    }
    for (Map.Entry<String, String> entry : weightMap.entrySet()) {
      if (!found.containsKey(entry.getKey())) {
        throw SafetensorsException.of(
            file,
            entry.getKey(),
            "not found in shard %s, where weight_map puts it"
                .formatted(SafetensorsException.quote(entry.getValue())));
      }
    }
  }

  private void checkPlace(String tensor, Path shard, Map<String, Path> found)
      throws SafetensorsException {
    Path other = found.put(tensor, shard);
    if (other != null) {
      throw SafetensorsException.of(
          file,
          tensor,
          "found in two shards, %s and %s, expected one"
              .formatted(other.getFileName(), shard.getFileName()));
    }
    String expected = weightMap.get(tensor);
    if (expected == null) {
      throw SafetensorsException.of(
          file,
          tensor,
          "found in shard %s, but not in weight_map; do index and shards belong together?"
              .formatted(shard.getFileName()));
    }
    if (!shard.endsWith(expected)) {
      throw SafetensorsException.of(
          file,
          tensor,
          "found in shard %s, expected in %s as weight_map says"
              .formatted(shard.getFileName(), SafetensorsException.quote(expected)));
    }
  }
}
