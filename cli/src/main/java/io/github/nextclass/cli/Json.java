package io.github.nextclass.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.io.JsonStringEncoder;
import tools.jackson.core.json.JsonFactory;

/** JSON lines, out and in. */
final class Json {
  private static final JsonFactory FACTORY = new JsonFactory();

  private Json() {}

  // ------------------------------------------------------------------ out

  /** Prints an object, and sees to it that it arrives. */
  static void printLine(PrintWriter out, Consumer<JsonGenerator> content) {
    appendLine(out, content);
    out.flush();
  }

  static void appendLine(PrintWriter out, Consumer<JsonGenerator> content) {
    StringWriter line = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), line)) {
      json.writeStartObject();
      content.accept(json);
      json.writeEndObject();
    }
    out.println(line);
  }

  static void writeInts(JsonGenerator json, String name, int[] values) {
    json.writeName(name);
    json.writeArray(values, 0, values.length);
  }

  /** To three digits after the point. */
  static void writeRounded(JsonGenerator json, String name, double value) {
    json.writeNumberProperty(name, Math.round(value * 1000) / 1000.0);
  }

  static String quote(String text) {
    return '"' + new String(JsonStringEncoder.getInstance().quoteAsCharArray(text)) + '"';
  }

  // ------------------------------------------------------------------ in

  /** Takes one line of a file. */
  interface LineConsumer {
    void accept(Line line) throws IOException;
  }

  /** A line that is not empty, in a file or in standard input ("-"). */
  static void forEachLine(Path file, LineConsumer consumer) throws IOException {
    boolean standardInput = file.toString().equals("-");
    try (InputStream in = standardInput ? System.in : Files.newInputStream(file);
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      int number = 1;
      for (String text = lines.readLine(); text != null; text = lines.readLine()) {
        if (!text.isBlank()) {
          consumer.accept(new Line(file + ":" + number, text));
        }
        number++;
      }
    }
  }

  /** An object of which one property is wanted. */
  record Line(String place, String text) {
    String string(String name) throws IOException {
      return find(
          name,
          "a string",
          parser -> {
            if (parser.currentToken() != JsonToken.VALUE_STRING) {
              throw new IllegalArgumentException();
            }
            return parser.getString();
          });
    }

    int[] ints(String name) throws IOException {
      return find(
          name,
          "a list of integers",
          parser -> {
            if (parser.currentToken() != JsonToken.START_ARRAY) {
              throw new IllegalArgumentException();
            }
            int[] ids = new int[16];
            int count = 0;
            while (parser.nextToken() == JsonToken.VALUE_NUMBER_INT) {
              if (count == ids.length) {
                ids = Arrays.copyOf(ids, 2 * count);
              }
              ids[count++] = parser.getIntValue();
            }
            if (parser.currentToken() != JsonToken.END_ARRAY) {
              throw new IllegalArgumentException();
            }
            return Arrays.copyOf(ids, count);
          });
    }

    private interface Value<T> {
      T read(JsonParser parser);
    }

    private <T> T find(String name, String expected, Value<T> value) throws IOException {
      try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
        if (parser.nextToken() == JsonToken.START_OBJECT) {
          while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            boolean wanted = name.equals(parser.currentName());
            parser.nextToken();
            if (wanted) {
              return value.read(parser);
            }
            parser.skipChildren();
          }
        }
      } catch (JacksonException e) {
        throw new IOException(place + ": invalid JSON: " + e.getOriginalMessage(), e);
      } catch (IllegalArgumentException e) {
        throw new IOException(place + ": \"" + name + "\" is not " + expected, e);
      }
      throw new IOException(place + ": expected an object with \"" + name + "\"");
    }
  }
}
