package io.github.nextclass.safetensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * {@link Header} to bytes: the same bytes as the Rust reference, so that files can be compared.
 * Written by hand because Jackson spells control characters differently.
 */
final class HeaderWriter {
  /** The reference begins the data section at a multiple of this, so that F64 is aligned. */
  static final int ALIGNMENT_BYTES = 8;

  private final StringBuilder json = new StringBuilder();

  private HeaderWriter() {}

  /** Returns prefix and JSON, the latter padded with spaces: together a multiple of alignment. */
  static ByteBuffer write(
      List<TensorInfo> tensors, Map<String, String> metadata, int alignmentBytes) {
    byte[] utf8 = new HeaderWriter().root(tensors, metadata).getBytes(StandardCharsets.UTF_8);
    int paddedBytes =
        Math.ceilDiv(Header.PREFIX_BYTES + utf8.length, alignmentBytes) * alignmentBytes
            - Header.PREFIX_BYTES;
    if (paddedBytes > Header.MAX_BYTES) {
      throw new IllegalArgumentException(
          "header has %d bytes > limit %d".formatted(paddedBytes, Header.MAX_BYTES));
    }
    byte[] padded = Arrays.copyOf(utf8, paddedBytes);
    Arrays.fill(padded, utf8.length, paddedBytes, (byte) ' ');
    return ByteBuffer.allocate(Header.PREFIX_BYTES + paddedBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(paddedBytes)
        .put(padded)
        .flip();
  }

  private String root(List<TensorInfo> tensors, Map<String, String> metadata) {
    json.append('{');
    if (!metadata.isEmpty()) {
      name(Header.METADATA_KEY).append('{');
      metadata.forEach((key, value) -> name(key).append(quoted(value)));
      json.append('}');
    }
    for (TensorInfo tensor : tensors) {
      name(tensor.name())
          .append(
              "{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}"
                  .formatted(
                      tensor.extent().dtype(),
                      numbers(tensor.extent().shape()),
                      numbers(tensor.begin(), tensor.end())));
    }
    return json.append('}').toString();
  }

  /** Appends a name and its colon, after a comma where another member stands before it. */
  private StringBuilder name(String name) {
    if (json.charAt(json.length() - 1) != '{') {
      json.append(',');
    }
    return json.append(quoted(name)).append(':');
  }

  private static String numbers(long... values) {
    return Arrays.toString(values).replace(" ", "");
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> quoted.append("\\\"");
        case '\\' -> quoted.append("\\\\");
        case '\b' -> quoted.append("\\b");
        case '\f' -> quoted.append("\\f");
        case '\n' -> quoted.append("\\n");
        case '\r' -> quoted.append("\\r");
        case '\t' -> quoted.append("\\t");
        default -> {
          if (c < ' ') {
            quoted.append("\\u%04x".formatted((int) c));
          } else {
            quoted.append(c);
          }
        }
      }
    }
    return quoted.append('"').toString();
  }
}
