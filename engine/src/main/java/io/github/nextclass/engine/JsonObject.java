package io.github.nextclass.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
import tools.jackson.core.json.JsonFactory;

/**
 * The object in a small JSON file, with getters that name file, key, found and expected when a
 * value is not what it should be. Keys that are absent or null take the default.
 */
final class JsonObject {
  private static final long MAX_FILE_BYTES = 4L << 20;
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder().maxNestingDepth(32).maxNumberLength(64).build())
          .build();

  private final String where;
  private final Map<String, @Nullable Object> values;

  private JsonObject(String where, Map<String, @Nullable Object> values) {
    this.where = where;
    this.values = values;
  }

  static JsonObject read(Path file) throws IOException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new ModelFormatException(file + ": not a regular file");
    }
    if (!Files.exists(file)) {
      throw new ModelFormatException(
          file + ": no such file; expected a Hugging Face checkpoint folder");
    }
    long sizeBytes = Files.size(file);
    if (sizeBytes > MAX_FILE_BYTES) {
      throw new ModelFormatException(
          file + ": has " + sizeBytes + " bytes, expected at most " + MAX_FILE_BYTES);
    }
    try (JsonParser parser =
        JSON.createParser(ObjectReadContext.empty(), Files.readAllBytes(file))) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new ModelFormatException(file + ": expected a JSON object");
      }
      Map<String, @Nullable Object> values = object(parser);
      if (parser.nextToken() != null) {
        throw new ModelFormatException(file + ": expected nothing after the JSON object");
      }
      return new JsonObject(file.toString(), values);
    } catch (JacksonException e) {
      throw new ModelFormatException(
          file + ": not valid JSON: " + plain(e.getOriginalMessage()) + at(e));
    }
  }

  /** Without where the value began, which Jackson writes with the names of its own switches. */
  private static String plain(String message) {
    return message.replaceAll(" \\((start marker|for \\w+ starting) at .*\\]\\)", "");
  }

  private static String at(JacksonException e) {
    return e.getLocation() == null
        ? ""
        : " (line "
            + e.getLocation().getLineNr()
            + ", column "
            + e.getLocation().getColumnNr()
            + ")";
  }

  private static Map<String, @Nullable Object> object(JsonParser parser) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      parser.nextToken();
      values.put(key, value(parser));
    }
    return values;
  }

  private static @Nullable Object value(JsonParser parser) {
    return switch (parser.currentToken()) {
      case START_OBJECT -> object(parser);
      case START_ARRAY -> {
        List<@Nullable Object> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          items.add(value(parser));
        }
        yield items;
      }
      // not getBigIntegerValue, which prepares for thousands of digits: that is 30 ms of each start
      case VALUE_NUMBER_INT -> new java.math.BigInteger(parser.getString());
      case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default -> parser.getString();
    };
  }

  boolean has(String key) {
    return values.get(key) != null;
  }

  /** Whether the key is there and its value is null. */
  boolean isNull(String key) {
    return values.containsKey(key) && values.get(key) == null;
  }

  int integer(String key, int min, int max) throws ModelFormatException {
    if (!has(key)) {
      throw new ModelFormatException(where + ": " + key + " is missing, expected an integer");
    }
    return integer(key, min, max, min);
  }

  int integer(String key, int min, int max, int absent) throws ModelFormatException {
    Object value = values.get(key);
    if (value == null) {
      return absent;
    }
    if (value instanceof java.math.BigInteger number
        && number.bitLength() < 32
        && number.intValue() >= min
        && number.intValue() <= max) {
      return number.intValue();
    }
    throw wrong(key, value, "an integer from " + min + " to " + max);
  }

  double positive(String key, double absent) throws ModelFormatException {
    Object value = values.get(key);
    if (value == null) {
      return absent;
    }
    double number = value instanceof Number n ? n.doubleValue() : Double.NaN;
    if (!(number > 0) || Double.isInfinite(number)) {
      throw wrong(key, value, "a finite number above 0");
    }
    return number;
  }

  /** As {@link #positive}, and neither zero nor infinite as a 32-bit float. */
  float positiveFloat(String key, float absent) throws ModelFormatException {
    double number = positive(key, absent);
    if ((float) number == 0 || Float.isInfinite((float) number)) {
      throw wrong(key, number, "a number above 0 that a 32-bit float can hold");
    }
    return (float) number;
  }

  boolean bool(String key, boolean absent) throws ModelFormatException {
    Object value = values.get(key);
    if (value == null) {
      return absent;
    }
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw wrong(key, value, "true or false");
  }

  String string(String key, String absent) throws ModelFormatException {
    Object value = values.get(key);
    if (value == null) {
      return absent;
    }
    if (value instanceof String text) {
      return text;
    }
    throw wrong(key, value, "a string");
  }

  /** The object under a key; null where it is absent. */
  @SuppressWarnings("unchecked") // object() makes no other maps
  @Nullable JsonObject object(String key) throws ModelFormatException {
    Object value = values.get(key);
    if (value == null) {
      return null;
    }
    if (value instanceof Map<?, ?> map) {
      return new JsonObject(where + ": " + key, (Map<String, @Nullable Object>) map);
    }
    throw wrong(key, value, "an object");
  }

  /** Whether there is something in the object under a key. */
  boolean hasEntries(String key) throws ModelFormatException {
    JsonObject object = object(key);
    return object != null && !object.isEmpty();
  }

  boolean isEmpty() {
    return values.isEmpty();
  }

  /** All values, which must be strings. */
  Map<String, String> allStrings() throws ModelFormatException {
    Map<String, String> strings = new LinkedHashMap<>();
    for (Map.Entry<String, @Nullable Object> entry : values.entrySet()) {
      if (!(entry.getValue() instanceof String text)) {
        throw wrong(entry.getKey(), String.valueOf(entry.getValue()), "a string");
      }
      strings.put(entry.getKey(), text);
    }
    return strings;
  }

  /** The strings of an array; empty where it is absent. */
  List<String> strings(String key) throws ModelFormatException {
    Object value = values.get(key);
    if (value == null) {
      return List.of();
    }
    List<String> strings = new ArrayList<>();
    if (value instanceof List<?> items) {
      for (Object item : items) {
        if (!(item instanceof String text)) {
          throw wrong(key, value, "an array of strings");
        }
        strings.add(text);
      }
      return strings;
    }
    throw wrong(key, value, "an array of strings");
  }

  /**
   * An integer of at least 0 or an array of them; empty where it is absent.
   *
   * @param expected what they are, for the message
   */
  List<Integer> integers(String key, String expected) throws ModelFormatException {
    Object value = values.get(key);
    if (value == null) {
      return List.of();
    }
    List<?> items = value instanceof List<?> list ? list : List.of(value);
    List<Integer> integers = new ArrayList<>();
    for (Object item : items) {
      if (!(item instanceof java.math.BigInteger number)
          || number.bitLength() > 31
          || number.signum() < 0) {
        throw wrong(key, value, expected);
      }
      integers.add(number.intValue());
    }
    return integers;
  }

  ModelFormatException wrong(String key, Object found, String expected) {
    String text = found.toString();
    return new ModelFormatException(
        where
            + ": "
            + key
            + " is "
            + (text.length() > 80 ? text.substring(0, 80) + "..." : text)
            + ", expected "
            + expected);
  }

  String where() {
    return where;
  }
}
