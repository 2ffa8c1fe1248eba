package io.github.nextclass.safetensors;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** Files for tests, good and bad. */
final class TestFiles {
  private TestFiles() {}

  /** A file made by the reference, see scripts/make_safetensors_goldens.py. */
  static Path golden(String name) {
    URL url = TestFiles.class.getResource("golden/" + name + ".safetensors");
    try {
      return Path.of(Objects.requireNonNull(url, name).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  /** Prefix, JSON as it is, and so many bytes of data. */
  static byte[] bytes(byte[] json, int dataBytes) {
    return ByteBuffer.allocate(8 + json.length + dataBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(json.length)
        .put(json)
        .array();
  }

  static byte[] bytes(String json, int dataBytes) {
    return bytes(json.getBytes(StandardCharsets.UTF_8), dataBytes);
  }

  static Path write(Path folder, String json, int dataBytes) throws IOException {
    return Files.write(folder.resolve("bad.safetensors"), bytes(json, dataBytes));
  }

  /** An entry of a header. */
  static String entry(String name, String dtype, String shape, long begin, long end) {
    return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
        .formatted(name, dtype, shape, begin, end);
  }
}
