package io.github.nextclass.sampling.structure;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Compiles a JSON schema (draft 2020-12) to a {@link Grammar} of the texts that satisfy it: not all
 * of them, but one spelling for each value, see docs/structure.md. Every keyword is either
 * compiled, or known to say nothing about the value, or an error; none is ignored.
 *
 * <p>What {@code $ref} names and the items of an array are rules, so that recursion and repetition
 * cost nothing; all else stands in place:
 *
 * <pre>
 *   {"type": "object", "properties": {"a": A, "b": B}, "required": ["b"]}
 *
 *   '{' --'"a":'--&gt; A --','--+
 *    |                        v
 *    +-------------------&gt; '"b":' --&gt; B --'}'--&gt;
 * </pre>
 */
final class JsonSchemaCompiler {
  private final Object root;
  private final GrammarBuilder builder = new GrammarBuilder();
  private final Map<String, Integer> ruleOf = new HashMap<>(); // by the place of its schema
  private final List<String> placeOf = new ArrayList<>(); // by rule
  private final Deque<Integer> unfinished = new ArrayDeque<>();

  private JsonSchemaCompiler(Object root) {
    this.root = root;
  }

  static Grammar compile(String schema) {
    JsonSchemaCompiler compiler = new JsonSchemaCompiler(SchemaJson.parse(schema));
    Grammar grammar = compiler.compileAll();
    SchemaSatisfiability.check(grammar, compiler.placeOf);
    return grammar;
  }

  private Grammar compileAll() {
    rule("#");
    while (!unfinished.isEmpty()) {
      int rule = unfinished.remove();
      String place = placeOf.get(rule);
      SchemaNode schema = SchemaNode.of(at(place, "#"), place);
      value(schema, builder.start(rule), builder.end(rule));
    }
    return builder.build();
  }

  private int rule(String place) {
    Integer known = ruleOf.get(place);
    if (known != null) {
      return known;
    }
    int rule = builder.newRule();
    ruleOf.put(place, rule);
    placeOf.add(place);
    unfinished.add(rule);
    return rule;
  }

  // ---- any value

  private void value(SchemaNode schema, int from, int to) {
    if (schema.has("$ref")) {
      schema.checkAlone("$ref");
      builder.call(from, rule(target(schema)), to);
    } else if (schema.has("anyOf")) {
      schema.checkAlone("anyOf");
      List<?> options = schema.list("anyOf");
      for (int i = 0; i < options.size(); i++) {
        value(SchemaNode.of(options.get(i), schema.place() + "/anyOf/" + i), from, to);
      }
    } else if (schema.has("const") || schema.has("enum")) {
      builder.literals(from, constants(schema), to);
    } else {
      for (String type : schema.types()) {
        valueOfType(type, schema, from, to);
      }
    }
  }

  private void valueOfType(String type, SchemaNode schema, int from, int to) {
    switch (type) {
      case "object" -> object(schema, from, to);
      case "array" -> array(schema, from, to);
      case "string" -> string(schema, from, to);
      case "number", "integer" ->
          builder.text(
              from, SchemaScalars.numbers(type.equals("integer"), schema), TextForm.PLAIN, to);
      case "boolean" -> builder.literals(from, List.of("true", "false"), to);
      default -> builder.literal(from, "null", to);
    }
  }

  // ---- constants

  /** The texts of const and enum that satisfy the keywords beside them. */
  private List<String> constants(SchemaNode schema) {
    Set<Object> values = new LinkedHashSet<>();
    if (schema.has("enum")) {
      values.addAll(schema.list("enum"));
    }
    if (schema.has("const")) {
      Object constant = schema.value("const");
      if (schema.has("enum") && !values.contains(constant)) {
        throw schema.error("const is not in enum, so nothing satisfies both");
      }
      values = Set.of(constant);
    }
    SchemaNode others = schema.without(Set.of("enum", "const"));
    List<String> texts = new ArrayList<>();
    for (Object value : values) {
      checkText(value, schema);
      if (others.keywords().isEmpty() || satisfies(value, others)) {
        texts.add(SchemaJson.write(value));
      }
    }
    if (texts.isEmpty()) {
      throw schema.error("no value of enum or const satisfies the keywords beside it");
    }
    return texts;
  }

  private boolean satisfies(Object value, SchemaNode schema) {
    Set<String> types = schema.types();
    if (schema.keywords().keySet().equals(Set.of("type"))) {
      return types.stream().anyMatch(type -> isOfType(value, type));
    }
    if (value instanceof Map<?, ?> || value instanceof List<?>) {
      throw schema.error("enum or const with objects or arrays, beside keywords, is not supported");
    }
    JsonSchemaCompiler compiler = new JsonSchemaCompiler(root);
    int rule = compiler.builder.newRule();
    for (String type : types) {
      compiler.valueOfType(type, schema, compiler.builder.start(rule), compiler.builder.end(rule));
    }
    return compiler.builder.build().matches(SchemaJson.write(value));
  }

  private static boolean isOfType(Object value, String type) {
    return switch (value) {
      case Map<?, ?> map -> type.equals("object");
      case List<?> list -> type.equals("array");
      case String text -> type.equals("string");
      case Boolean bool -> type.equals("boolean");
      case SchemaJson.JsonNumber number ->
          type.equals("number")
              || (type.equals("integer") && number.value().stripTrailingZeros().scale() <= 0);
      default -> type.equals("null");
    };
  }

  private static void checkText(Object value, SchemaNode schema) {
    String text = SchemaJson.write(value);
    if (text.codePoints().anyMatch(c -> c >= 0xD800 && c <= 0xDFFF)) {
      throw schema.error("half a surrogate pair, which is no valid text");
    }
  }

  // ---- objects

  private void object(SchemaNode schema, int from, int to) {
    Object additional = schema.get("additionalProperties");
    if (additional != null && !additional.equals(false)) {
      throw schema.error(
          "additionalProperties is supported only if false: nothing could keep free names from"
              + " coming twice");
    }
    if (additional == null && !schema.has("properties")) {
      throw schema.error("type object needs properties, or additionalProperties false");
    }
    Map<String, Object> properties = schema.members("properties");
    Set<String> required = schema.required(properties.keySet());

    int open = builder.newState();
    int close = builder.newState();
    builder.literal(from, "{", open);
    builder.literal(close, "}", to);
    // Before each property there are two places: no member was written yet, or one was.
    int none = open;
    int some = -1;
    for (Map.Entry<String, Object> property : properties.entrySet()) {
      int beforeName = builder.newState();
      if (none >= 0) {
        builder.epsilon(none, beforeName);
      }
      if (some >= 0) {
        builder.epsilon(separated(some, ","), beforeName);
      }
      int afterValue = member(schema, property.getKey(), property.getValue(), beforeName);
      if (required.contains(property.getKey())) {
        none = -1;
      } else if (some >= 0) {
        builder.epsilon(some, afterValue);
      }
      some = afterValue;
    }
    if (none >= 0) {
      builder.epsilon(none, close);
    }
    if (some >= 0) {
      builder.epsilon(some, close);
    }
  }

  /** A name and its value; returns the place behind them. */
  private int member(SchemaNode schema, String name, Object ofValue, int beforeName) {
    checkText(name, schema);
    int afterName = builder.newState();
    int afterValue = builder.newState();
    builder.literal(beforeName, JsonStringRanges.quote(name), afterName);
    String place = schema.place() + "/properties/" + escaped(name);
    value(SchemaNode.of(ofValue, place), separated(afterName, ":"), afterValue);
    return afterValue;
  }

  /** The place behind a comma or a colon, and perhaps a space. */
  private int separated(int from, String separator) {
    int after = builder.newState();
    int next = builder.newState();
    builder.literal(from, separator, after);
    builder.epsilon(after, next);
    builder.literal(after, " ", next);
    return next;
  }

  // ---- arrays and strings

  private void array(SchemaNode schema, int from, int to) {
    SchemaNode.Counts items = schema.counts("minItems", "maxItems");
    if (!schema.has("items") && items.max() > 0) {
      throw schema.error("type array needs items");
    }
    int before = builder.newState();
    builder.literal(from, "[", before);
    if (items.min() == 0) {
      builder.literal(before, "]", to);
    }
    if (items.max() == 0) {
      return;
    }
    int item = rule(schema.place() + "/items");
    boolean bounded = items.max() != Regex.UNBOUNDED;
    int last = bounded ? items.max() : Math.max(items.min(), 1);
    for (int i = 1; i <= last; i++) {
      int after = builder.newState();
      builder.call(before, item, after);
      if (i >= items.min()) {
        builder.literal(after, "]", to);
      }
      if (i < last) {
        before = separated(after, ",");
      } else if (!bounded) {
        int next = separated(after, ",");
        builder.call(next, item, after);
      }
    }
  }

  private void string(SchemaNode schema, int from, int to) {
    CodePointNfa texts = SchemaScalars.strings(schema);
    int open = builder.newState();
    int close = builder.newState();
    builder.literal(from, "\"", open);
    builder.text(open, texts, TextForm.JSON_STRING, close);
    builder.literal(close, "\"", to);
  }

  // ---- references

  private String target(SchemaNode schema) {
    Object ref = schema.value("$ref");
    if (!(ref instanceof String text) || !(text.equals("#") || text.startsWith("#/"))) {
      throw schema.error(
          "$ref must be '#' or begin with '#/', since other documents are not read; found "
              + SchemaJson.write(ref));
    }
    at(text, schema.place());
    return text;
  }

  /** The value that a JSON pointer (RFC 6901) behind '#' names. */
  private Object at(String pointer, String place) {
    Object value = root;
    String[] steps = pointer.split("/", -1);
    for (int i = 1; i < steps.length; i++) {
      String name = steps[i].replace("~1", "/").replace("~0", "~");
      Object next = null;
      if (value instanceof Map<?, ?> map) {
        next = map.get(name);
      } else if (value instanceof List<?> list && name.matches("\\d{1,9}")) {
        int index = Integer.parseInt(name);
        next = index < list.size() ? list.get(index) : null;
      }
      if (next == null) {
        throw SchemaNode.error(place, "$ref to '" + pointer + "', which is not there");
      }
      value = next;
    }
    return value;
  }

  private static String escaped(String name) {
    return name.replace("~", "~0").replace("/", "~1");
  }
}
