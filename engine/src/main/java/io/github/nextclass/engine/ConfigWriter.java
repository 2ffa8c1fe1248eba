package io.github.nextclass.engine;

import java.io.StringWriter;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** A {@code config.json} with another entry; what else is in it stays, in its order. */
final class ConfigWriter {
  private ConfigWriter() {}

  /** Adds the {@code quantization_config} of q8 or q4. */
  static String withQuantization(String config, String format) {
    JsonFactory factory = new JsonFactory();
    StringWriter text = new StringWriter();
    try (JsonParser parser = factory.createParser(ObjectReadContext.empty(), config);
        JsonGenerator json = factory.createGenerator(ObjectWriteContext.empty(), text)) {
      parser.nextToken();
      json.writeStartObject();
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        json.copyCurrentStructure(parser); // a name, and its value
      }
      json.writeObjectPropertyStart("quantization_config");
      json.writeStringProperty("quant_method", QuantizationConfig.Blocks.METHOD);
      json.writeStringProperty("format", format);
      json.writeEndObject();
      json.writeEndObject();
    }
    return text.toString();
  }
}
