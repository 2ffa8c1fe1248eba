package io.github.nextclass.sampling.structure;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One schema in a JSON schema: its keywords, and the place where it stands. Reads keywords and
 * refuses those of the wrong kind; a keyword that is neither supported nor known to say nothing is
 * an error.
 *
 * @param keywords as {@link SchemaJson} reads them
 * @param place a JSON pointer behind '#'
 */
record SchemaNode(Map<String, Object> keywords, String place) {
  private static final Set<String> ANNOTATIONS =
      Set.of(
          "$comment",
          "$defs",
          "$id",
          "$schema",
          "default",
          "definitions",
          "deprecated",
          "description",
          "examples",
          "readOnly",
          "title",
          "writeOnly");
  private static final Map<String, Set<String>> KEYWORDS = keywordsByType();

  private static Map<String, Set<String>> keywordsByType() {
    Set<String> ofNumbers =
        Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf");
    Map<String, Set<String>> keywords = new LinkedHashMap<>();
    keywords.put("object", Set.of("properties", "required", "additionalProperties"));
    keywords.put("array", Set.of("items", "minItems", "maxItems"));
    keywords.put("string", Set.of("minLength", "maxLength", "pattern", "format"));
    keywords.put("number", ofNumbers);
    keywords.put("integer", ofNumbers);
    keywords.put("boolean", Set.of());
    keywords.put("null", Set.of());
    return Collections.unmodifiableMap(keywords);
  }

  /** The schema at a place. */
  @SuppressWarnings("unchecked") // SchemaJson makes maps with names as keys only
  static SchemaNode of(Object schema, String place) {
    if (!(schema instanceof Map<?, ?> map)) {
      throw error(place, "a schema must be an object, found " + SchemaJson.write(schema));
    }
    SchemaNode node = new SchemaNode((Map<String, Object>) map, place);
    if (node.has("$id") && !place.equals("#")) {
      throw node.error("keyword '$id' is supported at the top only");
    }
    return node;
  }

  boolean has(String keyword) {
    return keywords.containsKey(keyword);
  }

  @Nullable Object get(String keyword) {
    return keywords.get(keyword);
  }

  /** The value of a keyword that is there. */
  Object value(String keyword) {
    return Objects.requireNonNull(keywords.get(keyword), keyword);
  }

  /** The same place without some keywords, and without those that say nothing. */
  SchemaNode without(Set<String> some) {
    Map<String, Object> others = new LinkedHashMap<>(keywords);
    others.keySet().removeAll(some);
    others.keySet().removeAll(ANNOTATIONS);
    return new SchemaNode(others, place);
  }

  /** The types that the schema names, or those whose keywords it uses. */
  Set<String> types() {
    Set<String> types = new LinkedHashSet<>();
    if (has("type")) {
      Object type = value("type");
      for (Object name : type instanceof List<?> list ? list : List.of(type)) {
        if (!(name instanceof String text) || !KEYWORDS.containsKey(text)) {
          throw error(
              "type must be one or more of "
                  + String.join(", ", KEYWORDS.keySet())
                  + ", found "
                  + SchemaJson.write(type));
        }
        types.add(text);
      }
    } else {
      KEYWORDS.forEach((type, ofType) -> {
        boolean numberIsThere = type.equals("integer");
        if (!numberIsThere && keywords.keySet().stream().anyMatch(ofType::contains)) {
          types.add(type);
        }
      });
    }
    for (String keyword : keywords.keySet()) {
      checkKnown(keyword, types);
    }
    if (types.isEmpty()) {
      throw error("one of type, enum, const, anyOf and $ref is needed");
    }
    return types;
  }

  private void checkKnown(String keyword, Set<String> types) {
    if (ANNOTATIONS.contains(keyword) || keyword.equals("type")) {
      return;
    }
    if (KEYWORDS.values().stream().noneMatch(ofType -> ofType.contains(keyword))) {
      throw error("keyword '" + keyword + "' is not supported");
    }
    if (types.stream().noneMatch(type -> KEYWORDS.getOrDefault(type, Set.of()).contains(keyword))) {
      throw error("keyword '" + keyword + "' does not apply to type " + String.join(", ", types));
    }
  }

  void checkAlone(String keyword) {
    for (String other : keywords.keySet()) {
      if (!other.equals(keyword) && !ANNOTATIONS.contains(other)) {
        throw error("keyword '" + other + "' beside '" + keyword + "' is not supported");
      }
    }
  }

  /** The members of an object; none if the keyword is not there. */
  @SuppressWarnings("unchecked") // as above
  Map<String, Object> members(String keyword) {
    Object value = keywords.getOrDefault(keyword, Map.of());
    if (!(value instanceof Map<?, ?> map)) {
      throw error(keyword + " must be an object, found " + SchemaJson.write(value));
    }
    return (Map<String, Object>) map;
  }

  /** The names that required names, all of which are properties. */
  Set<String> required(Set<String> properties) {
    if (!has("required")) {
      return Set.of();
    }
    if (!(get("required") instanceof List<?> names)) {
      throw error("required must be a list of names");
    }
    Set<String> required = new LinkedHashSet<>();
    for (Object name : names) {
      if (!(name instanceof String text)) {
        throw error("required must be a list of names, found " + SchemaJson.write(name));
      }
      if (!properties.contains(text)) {
        throw error("required names '" + text + "', which is not among the properties");
      }
      required.add(text);
    }
    return required;
  }

  List<?> list(String keyword) {
    if (!(get(keyword) instanceof List<?> list) || list.isEmpty()) {
      throw error(keyword + " must be a list with at least one element");
    }
    return list;
  }

  String text(String keyword) {
    if (!(get(keyword) instanceof String text)) {
      throw error(keyword + " must be a string");
    }
    return text;
  }

  BigDecimal number(String keyword) {
    if (!(get(keyword) instanceof SchemaJson.JsonNumber number)) {
      throw error(keyword + " must be a number");
    }
    return number.value();
  }

  /** How many there may be, from one keyword to another. */
  record Counts(int min, int max) {}

  /** The counts of a pair of keywords: 0 and {@link Regex#UNBOUNDED} where they are not there. */
  Counts counts(String minKeyword, String maxKeyword) {
    int min = has(minKeyword) ? count(minKeyword) : 0;
    int max = has(maxKeyword) ? count(maxKeyword) : Regex.UNBOUNDED;
    if (min > max) {
      throw error(minKeyword + " " + min + " is above " + maxKeyword + " " + max);
    }
    return new Counts(min, max);
  }

  private int count(String keyword) {
    BigDecimal value = number(keyword);
    boolean whole = value.signum() >= 0 && value.stripTrailingZeros().scale() <= 0;
    if (!whole || value.toBigInteger().compareTo(BigInteger.valueOf(Limits.MAX_STATES)) > 0) {
      throw error(
          keyword
              + " must be a whole number from 0 to "
              + Limits.MAX_STATES
              + ", found "
              + value.toPlainString());
    }
    return value.intValueExact();
  }

  ConstraintException error(@Nullable String message) {
    return error(place, message);
  }

  static ConstraintException error(String place, @Nullable String message) {
    return new ConstraintException("JSON schema at " + place + ": " + message);
  }
}
