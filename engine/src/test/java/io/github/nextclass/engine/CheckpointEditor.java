package io.github.nextclass.engine;

import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.SafetensorsWriter;
import io.github.nextclass.safetensors.Storage;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/** A golden checkpoint in a folder of its own, to be damaged in one place. */
record CheckpointEditor(Path folder) {

  /** Accepts a NaN that a test wrote before. */
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  static CheckpointEditor copy(String golden, Path parent) throws IOException {
    Path folder = Files.createDirectory(parent.resolve(golden));
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(GoldenCheckpoint.ROOT.resolve(golden))) {
      for (Path file : files) {
        if (!file.endsWith("expected.safetensors")) {
          Files.copy(file, folder.resolve(file.getFileName()));
        }
      }
    }
    return new CheckpointEditor(folder);
  }

  Path config() {
    return folder.resolve("config.json");
  }

  /** The values of config.json by key, each as it is written there. */
  Map<String, String> values() throws IOException {
    String text = Files.readString(config());
    Map<String, String> values = new LinkedHashMap<>();
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), text)) {
      parser.nextToken();
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String key = parser.currentName();
        parser.nextToken();
        int from = Math.toIntExact(parser.currentTokenLocation().getCharOffset());
        parser.skipChildren();
        parser.finishToken();
        int to = Math.toIntExact(parser.currentLocation().getCharOffset());
        values.put(key, text.substring(from, to).strip());
      }
    }
    return values;
  }

  /** Sets a key to a value given as JSON. */
  CheckpointEditor set(String key, String json) throws IOException {
    Map<String, String> values = values();
    values.put(key, json);
    return write(values);
  }

  CheckpointEditor remove(String key) throws IOException {
    Map<String, String> values = values();
    if (values.remove(key) == null) {
      throw new AssertionError("config.json has no " + key);
    }
    return write(values);
  }

  private CheckpointEditor write(Map<String, String> values) throws IOException {
    Files.writeString(
        config(),
        values.entrySet().stream()
            .map(entry -> "  \"" + entry.getKey() + "\": " + entry.getValue())
            .collect(Collectors.joining(",\n", "{\n", "\n}\n")));
    return this;
  }

  CheckpointEditor writeConfig(String text) throws IOException {
    Files.write(config(), text.getBytes(StandardCharsets.UTF_8));
    return this;
  }

  /** Decides what becomes of each tensor. */
  @FunctionalInterface
  interface Edit {
    void apply(SafetensorsWriter writer, Tensor tensor);
  }

  /** Writes model.safetensors anew, each tensor through the edit. */
  CheckpointEditor rewrite(Edit edit) throws IOException {
    Path file = folder.resolve("model.safetensors");
    try (TensorSource source = Safetensors.open(file, Storage.COPY)) {
      SafetensorsWriter writer = new SafetensorsWriter();
      for (String name : source.names()) {
        edit.apply(writer, source.tensor(name));
      }
      writer.write(file);
    }
    return this;
  }

  CheckpointEditor without(String name) throws IOException {
    return rewrite((writer, tensor) -> {
      if (!tensor.name().equals(name)) {
        keep(writer, tensor);
      }
    });
  }

  /** Gives one tensor another type and shape; its values are zero. */
  CheckpointEditor replace(String name, DType dtype, long... shape) throws IOException {
    return rewrite((writer, tensor) -> {
      if (tensor.name().equals(name)) {
        zeros(writer, name, dtype, shape);
      } else {
        keep(writer, tensor);
      }
    });
  }

  CheckpointEditor add(String name, DType dtype, long... shape) throws IOException {
    boolean[] added = new boolean[1];
    return rewrite((writer, tensor) -> {
      keep(writer, tensor);
      if (!added[0]) {
        added[0] = true;
        zeros(writer, name, dtype, shape);
      }
    });
  }

  private static void keep(SafetensorsWriter writer, Tensor tensor) {
    writer.add(tensor.name(), tensor.dtype(), tensor.shape(), tensor.segment());
  }

  private static void zeros(SafetensorsWriter writer, String name, DType dtype, long... shape) {
    int elements = 1;
    for (long dimension : shape) {
      elements = Math.multiplyExact(elements, Math.toIntExact(dimension));
    }
    writer.add(name, dtype, shape, new byte[elements * dtype.bits() / 8]);
  }
}
