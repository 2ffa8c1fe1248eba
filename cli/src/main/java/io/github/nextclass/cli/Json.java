package io.github.nextclass.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** One JSON object for each line of results. */
final class Json {
  private static final JsonFactory FACTORY = new JsonFactory();

  private Json() {}

  static void printLine(PrintWriter out, Consumer<JsonGenerator> content) {
    StringWriter line = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), line)) {
      json.writeStartObject();
      content.accept(json);
      json.writeEndObject();
    }
    out.println(line);
    out.flush();
  }

  static void writeInts(JsonGenerator json, String name, int[] values) {
    json.writeName(name);
    json.writeArray(values, 0, values.length);
  }

  /** With one digit after the point more than a person would ask for. */
  static void writeRounded(JsonGenerator json, String name, double value) {
    json.writeNumberProperty(name, Math.round(value * 1000) / 1000.0);
  }
}
