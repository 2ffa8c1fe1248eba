package io.github.nextclass.tokenizer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/**
 * Small JSON values as plain Java: String, Boolean, {@link JsonNumber}, {@link #NULL}, List, and
 * Map in the order of the text. For the large parts of tokenizer.json the parser is used directly.
 */
final class Json {
  /** JSON null: a value like any other, so that maps and lists hold no Java null. */
  static final Object NULL =
      new Object() {
        @Override
        public String toString() {
          return "null";
        }
      };

  /** A number as it was written. */
  record JsonNumber(String text, boolean isInteger) {}

  private static final int MAX_DEPTH = 100;
  private static final int MAX_NAME_BYTES = 1 << 16;
  private static final int MAX_STRING_CHARS = 1 << 28;

  /** Text that is not the JSON that was asked for; the message says where and what. */
  static final class JsonException extends Exception {
    private static final long serialVersionUID = 1L;

    JsonException(String message) {
      super(message);
    }
  }

  private static JsonFactory factory() {
    return JsonFactory.builder()
        .streamReadConstraints(
            StreamReadConstraints.builder()
                .maxNestingDepth(MAX_DEPTH)
                .maxNameLength(MAX_NAME_BYTES)
                .maxStringLength(MAX_STRING_CHARS)
                .build())
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .disable(TokenStreamFactory.Feature.INTERN_PROPERTY_NAMES)
        .build();
  }

  /** Reads one value that is the whole text. */
  static Object parse(String text) throws JsonException {
    try (JsonParser parser = factory().createParser(ObjectReadContext.empty(), text)) {
      return parseWhole(parser);
    } catch (JacksonException e) {
      throw new JsonException(describe(e));
    }
  }

  /** Reads one value that is the whole text, in UTF-8. */
  static Object parse(byte[] utf8) throws JsonException {
    return parse(utf8, 0, utf8.length);
  }

  /** Reads one value that is all of {@code utf8[from, to)}. */
  static Object parse(byte[] utf8, int from, int to) throws JsonException {
    try (JsonParser parser =
        factory().createParser(ObjectReadContext.empty(), utf8, from, to - from)) {
      return parseWhole(parser);
    } catch (JacksonException e) {
      throw new JsonException(describe(e));
    }
  }

  private static Object parseWhole(JsonParser parser) throws JsonException {
    if (parser.nextToken() == null) {
      throw new JsonException("no JSON value found");
    }
    Object value = read(parser);
    if (parser.nextToken() != null) {
      throw new JsonException(
          "text after the JSON value at " + place(parser.currentTokenLocation()));
    }
    return value;
  }

  /** Reads the value whose first token is the current one, and stays on its last token. */
  private static Object read(JsonParser parser) {
    JsonToken token = parser.currentToken();
    return switch (token) {
      case VALUE_STRING -> parser.getString();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NUMBER_INT -> new JsonNumber(parser.getString(), true);
      case VALUE_NUMBER_FLOAT -> new JsonNumber(parser.getString(), false);
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

  /** The member, or null if there is none, if it is JSON null, or if the value is no object. */
  static @Nullable Object member(@Nullable Object value, String name) {
    Object member = value instanceof Map<?, ?> map ? map.get(name) : null;
    return isNull(member) ? null : member;
  }

  /** Whether the value is JSON null, or was not there at all. */
  static boolean isNull(@Nullable Object value) {
    return value == null || value.equals(NULL);
  }

  /** Without where the value began, which Jackson writes with the names of its own switches. */
  static String describe(JacksonException e) {
    return e.getOriginalMessage().replaceAll(" \\((start marker|for \\w+ starting) at .*\\]\\)", "")
        + " at "
        + place(e.getLocation());
  }

  static String place(@Nullable TokenStreamLocation location) {
    return location == null
        ? "an unknown place"
        : "line " + location.getLineNr() + ", column " + location.getColumnNr();
  }

  private Json() {}
}
