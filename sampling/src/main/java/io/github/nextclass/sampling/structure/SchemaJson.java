package io.github.nextclass.sampling.structure;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/**
 * JSON values as plain Java: String, Boolean, {@link JsonNumber}, {@link #NULL}, List, and Map in
 * the order of the text; and back to text.
 */
final class SchemaJson {
  /** JSON null: a value like any other, so that maps and lists hold no Java null. */
  static final Object NULL =
      new Object() {
        @Override
        public String toString() {
          return "null";
        }
      };

  /** A number, also as it was written. */
  record JsonNumber(String text, BigDecimal value) {}

  private static final int MAX_LENGTH = 1 << 20;
  private static final int MAX_NUMBER_DIGITS = 100;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(200)
                  .maxNumberLength(MAX_NUMBER_DIGITS)
                  .build())
          .build();

  private SchemaJson() {}

  /** Reads one value that is the whole text. */
  static Object parse(String text) {
    if (text.length() > MAX_LENGTH) {
      throw new ConstraintException(
          "the JSON schema has " + text.length() + " characters, expected at most " + MAX_LENGTH);
    }
    try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
      if (parser.nextToken() == null) {
        throw new ConstraintException("the JSON schema is empty");
      }
      Object value = read(parser);
      if (parser.nextToken() != null) {
        throw new ConstraintException("the JSON schema is followed by more text");
      }
      return value;
    } catch (JacksonException e) {
      TokenStreamLocation location = e.getLocation();
      String place =
          location == null
              ? ""
              : " at line " + location.getLineNr() + ", column " + location.getColumnNr();
      throw new ConstraintException(
          "the JSON schema is no JSON: " + e.getOriginalMessage() + place);
    }
  }

  private static Object read(JsonParser parser) {
    JsonToken token = parser.currentToken();
    return switch (token) {
      case VALUE_STRING -> parser.getString();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(parser.getString());
      case START_ARRAY -> {
        List<Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          list.add(read(parser));
        }
        yield list;
      }
      case START_OBJECT -> {
        Map<String, Object> map = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String name = parser.currentName();
          parser.nextToken();
          map.put(name, read(parser));
        }
        yield map;
      }
      default -> NULL;
    };
  }

  private static JsonNumber number(String text) {
    BigDecimal value = new BigDecimal(text);
    if (Math.abs((long) value.scale()) > MAX_NUMBER_DIGITS) {
      throw new ConstraintException(
          "the JSON schema has the number "
              + text
              + ", expected numbers of at most "
              + MAX_NUMBER_DIGITS
              + " digits");
    }
    return new JsonNumber(text, value);
  }

  /** Writes a value without white space. */
  static String write(Object value) {
    StringBuilder out = new StringBuilder();
    write(value, out);
    return out.toString();
  }

  private static void write(Object value, StringBuilder out) {
    switch (value) {
      case String text -> out.append(JsonStringRanges.quote(text));
      case JsonNumber number -> out.append(number.text());
      case List<?> list -> {
        String comma = "[";
        for (Object item : list) {
          out.append(comma);
          write(item, out);
          comma = ",";
        }
        out.append(list.isEmpty() ? "[]" : "]");
      }
      case Map<?, ?> map -> {
        String comma = "{";
        for (Map.Entry<?, ?> member : map.entrySet()) {
          out.append(comma).append(JsonStringRanges.quote((String) member.getKey())).append(':');
          write(member.getValue(), out);
          comma = ",";
        }
        out.append(map.isEmpty() ? "{}" : "}");
      }
      default -> out.append(value); // true, false, null
    }
  }
}
