package io.github.nextclass.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One line of golden data: a JSON object. */
record Golden(Map<?, ?> fields) {

  static List<Golden> lines(Path file) {
    try {
      return lines(Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<Golden> resource(String name) {
    return lines(new String(resourceBytes(name), StandardCharsets.UTF_8));
  }

  static byte[] resourceBytes(String name) {
    try (var in = Golden.class.getResourceAsStream(name)) {
      assertThat(in).as("test resource " + name).isNotNull();
      return in == null ? new byte[0] : in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Golden> lines(String text) {
    List<Golden> lines = new ArrayList<>();
    for (String line : text.lines().toList()) {
      try {
        lines.add(new Golden((Map<?, ?>) Json.parse(line)));
      } catch (Json.JsonException e) {
        throw new IllegalStateException(line, e);
      }
    }
    return lines;
  }

  Object value(String name) {
    Object value = fields.get(name);
    return value == null ? Json.NULL : value;
  }

  boolean has(String name) {
    return !Json.isNull(fields.get(name));
  }

  String text(String name) {
    return (String) value(name);
  }

  List<?> list(String name) {
    return (List<?>) value(name);
  }

  boolean flag(String name) {
    return value(name).equals(true);
  }

  int[] ints(String name) {
    return list(name).stream()
        .mapToInt(n -> Integer.parseInt(((Json.JsonNumber) n).text()))
        .toArray();
  }

  Golden object(String name) {
    return new Golden((Map<?, ?>) value(name));
  }
}
