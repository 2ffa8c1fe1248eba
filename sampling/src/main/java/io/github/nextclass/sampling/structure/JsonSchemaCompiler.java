package io.github.nextclass.sampling.structure;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

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

  private final Object root;
  private final GrammarBuilder builder = new GrammarBuilder();
  private final Map<String, Integer> ruleOf = new HashMap<>(); // by the place of its schema
  private final List<String> placeOf = new ArrayList<>(); // by rule
  private final Deque<Integer> unfinished = new ArrayDeque<>();

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

  private JsonSchemaCompiler(Object root) {
    this.root = root;
  }

  static Grammar compile(String schema) {
    JsonSchemaCompiler compiler = new JsonSchemaCompiler(SchemaJson.parse(schema));
    Grammar grammar = compiler.compileFrom("#");
    compiler.checkSatisfiable(grammar);
    return grammar;
  }

  private Grammar compileFrom(String place) {
    rule(place);
    while (!unfinished.isEmpty()) {
      int rule = unfinished.remove();
      value(at(placeOf.get(rule), "#"), placeOf.get(rule), builder.start(rule), builder.end(rule));
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

  private void value(Object schema, String place, int from, int to) {
    if (!(schema instanceof Map<?, ?>)) {
      throw error(place, "a schema must be an object, found " + SchemaJson.write(schema));
    }
    Map<String, Object> keywords = object(schema);
    if (keywords.containsKey("$id") && !place.equals("#")) {
      throw error(place, "keyword '$id' is supported at the top only");
    }
    if (keywords.containsKey("$ref")) {
      checkAlone("$ref", keywords, place);
      builder.call(from, rule(target(keywords.get("$ref"), place)), to);
    } else if (keywords.containsKey("anyOf")) {
      checkAlone("anyOf", keywords, place);
      List<?> options = list(keywords, "anyOf", place);
      for (int i = 0; i < options.size(); i++) {
        value(options.get(i), place + "/anyOf/" + i, from, to);
      }
    } else if (keywords.containsKey("const") || keywords.containsKey("enum")) {
      builder.literals(from, constants(keywords, place), to);
    } else {
      for (String type : types(keywords, place)) {
        valueOfType(type, keywords, place, from, to);
      }
    }
  }

  private void valueOfType(
      String type, Map<String, Object> keywords, String place, int from, int to) {
    switch (type) {
      case "object" -> object(keywords, place, from, to);
      case "array" -> array(keywords, place, from, to);
      case "string" -> string(keywords, place, from, to);
      case "number", "integer" -> {
        CodePointNfa numbers = numbers(type.equals("integer"), keywords, place);
        builder.text(from, numbers, TextForm.PLAIN, to);
      }
      case "boolean" -> builder.literals(from, List.of("true", "false"), to);
      default -> builder.literal(from, "null", to);
    }
  }

  /** The types that the schema names, or those whose keywords it uses. */
  private Set<String> types(Map<String, Object> keywords, String place) {
    Set<String> types = new LinkedHashSet<>();
    if (keywords.containsKey("type")) {
      Object type = keywords.get("type");
      for (Object name : type instanceof List<?> list ? list : List.of(type)) {
        if (!(name instanceof String text) || !KEYWORDS.containsKey(text)) {
          throw error(
              place,
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
      checkKnown(keyword, types, place);
    }
    if (types.isEmpty()) {
      throw error(place, "one of type, enum, const, anyOf and $ref is needed");
    }
    return types;
  }

  private static void checkKnown(String keyword, Set<String> types, String place) {
    if (ANNOTATIONS.contains(keyword) || keyword.equals("type")) {
      return;
    }
    if (KEYWORDS.values().stream().noneMatch(ofType -> ofType.contains(keyword))) {
      throw error(place, "keyword '" + keyword + "' is not supported");
    }
    if (types.stream().noneMatch(type -> KEYWORDS.getOrDefault(type, Set.of()).contains(keyword))) {
      throw error(
          place, "keyword '" + keyword + "' does not apply to type " + String.join(", ", types));
    }
  }

  private static void checkAlone(String keyword, Map<String, Object> keywords, String place) {
    for (String other : keywords.keySet()) {
      if (!other.equals(keyword) && !ANNOTATIONS.contains(other)) {
        throw error(place, "keyword '" + other + "' beside '" + keyword + "' is not supported");
      }
    }
  }

  // ---- constants

  /** The texts of const and enum that satisfy the keywords beside them. */
  private List<String> constants(Map<String, Object> keywords, String place) {
    Set<Object> values = new LinkedHashSet<>();
    if (keywords.containsKey("enum")) {
      values.addAll(list(keywords, "enum", place));
    }
    if (keywords.containsKey("const")) {
      Object constant = keywords.get("const");
      if (keywords.containsKey("enum") && !values.contains(constant)) {
        throw error(place, "const is not in enum, so nothing satisfies both");
      }
      values = Set.of(constant);
    }
    Map<String, Object> others = new LinkedHashMap<>(keywords);
    others.keySet().removeAll(Set.of("enum", "const"));
    others.keySet().removeAll(ANNOTATIONS);
    List<String> texts = new ArrayList<>();
    for (Object value : values) {
      checkText(value, place);
      if (others.isEmpty() || satisfies(value, others, place)) {
        texts.add(SchemaJson.write(value));
      }
    }
    if (texts.isEmpty()) {
      throw error(place, "no value of enum or const satisfies the keywords beside it");
    }
    return texts;
  }

  private boolean satisfies(Object value, Map<String, Object> keywords, String place) {
    Set<String> types = types(keywords, place);
    if (keywords.keySet().equals(Set.of("type"))) {
      return types.stream().anyMatch(type -> isOfType(value, type));
    }
    if (value instanceof Map<?, ?> || value instanceof List<?>) {
      throw error(place, "enum or const with objects or arrays, beside keywords, is not supported");
    }
    JsonSchemaCompiler compiler = new JsonSchemaCompiler(root);
    int rule = compiler.builder.newRule();
    for (String type : types) {
      compiler.valueOfType(
          type, keywords, place, compiler.builder.start(rule), compiler.builder.end(rule));
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

  private static void checkText(Object value, String place) {
    String text = SchemaJson.write(value);
    if (text.codePoints().anyMatch(c -> c >= 0xD800 && c <= 0xDFFF)) {
      throw error(place, "half a surrogate pair, which is no valid text");
    }
  }

  // ---- objects

  private void object(Map<String, Object> keywords, String place, int from, int to) {
    Object additional = keywords.get("additionalProperties");
    if (additional != null && !additional.equals(false)) {
      throw error(
          place,
          "additionalProperties is supported only if false: nothing could keep free names from"
              + " coming twice");
    }
    if (additional == null && !keywords.containsKey("properties")) {
      throw error(place, "type object needs properties, or additionalProperties false");
    }
    Map<String, Object> properties = members(keywords, "properties", place);
    Set<String> required = required(keywords, properties, place);

    int open = builder.newState();
    int close = builder.newState();
    builder.literal(from, "{", open);
    builder.literal(close, "}", to);
    // Before each property there are two places: no member was written yet, or one was.
    int none = open;
    int some = -1;
    for (Map.Entry<String, Object> property : properties.entrySet()) {
      String name = property.getKey();
      checkText(name, place);
      int beforeName = builder.newState();
      int afterName = builder.newState();
      int afterValue = builder.newState();
      if (none >= 0) {
        builder.epsilon(none, beforeName);
      }
      if (some >= 0) {
        builder.epsilon(separated(some, ","), beforeName);
      }
      builder.literal(beforeName, JsonStringRanges.quote(name), afterName);
      value(
          property.getValue(),
          place + "/properties/" + escaped(name),
          separated(afterName, ":"),
          afterValue);
      if (required.contains(name)) {
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

  private static Set<String> required(
      Map<String, Object> keywords, Map<String, Object> properties, String place) {
    Set<String> required = new HashSet<>();
    if (!keywords.containsKey("required")) {
      return required;
    }
    if (!(keywords.get("required") instanceof List<?> names)) {
      throw error(place, "required must be a list of names");
    }
    for (Object name : names) {
      if (!(name instanceof String text)) {
        throw error(place, "required must be a list of names, found " + SchemaJson.write(name));
      }
      if (!properties.containsKey(text)) {
        throw error(place, "required names '" + text + "', which is not among the properties");
      }
      required.add(text);
    }
    return required;
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

  // ---- arrays

  private void array(Map<String, Object> keywords, String place, int from, int to) {
    int min = count(keywords, "minItems", 0, place);
    int max = count(keywords, "maxItems", Regex.UNBOUNDED, place);
    checkOrder("minItems", min, "maxItems", max, place);
    if (!keywords.containsKey("items") && max > 0) {
      throw error(place, "type array needs items");
    }
    int before = builder.newState();
    builder.literal(from, "[", before);
    if (min == 0) {
      builder.literal(before, "]", to);
    }
    if (max == 0) {
      return;
    }
    int item = rule(place + "/items");
    boolean bounded = max != Regex.UNBOUNDED;
    int last = bounded ? max : Math.max(min, 1);
    for (int i = 1; i <= last; i++) {
      int after = builder.newState();
      builder.call(before, item, after);
      if (i >= min) {
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

  // ---- strings

  private void string(Map<String, Object> keywords, String place, int from, int to) {
    int min = count(keywords, "minLength", 0, place);
    int max = count(keywords, "maxLength", Regex.UNBOUNDED, place);
    checkOrder("minLength", min, "maxLength", max, place);
    CodePointNfa texts;
    try {
      texts = CodePointNfa.of(new Regex.Repeat(new Regex.One(CodePointSet.ALL), min, max));
      if (keywords.containsKey("pattern")) {
        Regex pattern = RegexParser.parseSearch(text(keywords, "pattern", place));
        texts = texts.intersect(CodePointNfa.of(pattern));
      }
      if (keywords.containsKey("format")) {
        texts = texts.intersect(StringFormats.nfa(text(keywords, "format", place)));
      }
    } catch (ConstraintException e) {
      throw error(place, e.getMessage());
    }
    if (texts.isEmpty()) {
      throw error(place, "no string satisfies its keywords together");
    }
    int open = builder.newState();
    int close = builder.newState();
    builder.literal(from, "\"", open);
    builder.text(open, texts, TextForm.JSON_STRING, close);
    builder.literal(close, "\"", to);
  }

  // ---- numbers

  private static CodePointNfa numbers(boolean integer, Map<String, Object> keywords, String place) {
    NumberSyntax.Bound lower =
        bound(keywords, "minimum", "exclusiveMinimum", place, /* larger= */ true);
    NumberSyntax.Bound upper =
        bound(keywords, "maximum", "exclusiveMaximum", place, /* larger= */ false);
    CodePointNfa numbers;
    try {
      numbers = NumberSyntax.between(integer, lower, upper);
      if (keywords.containsKey("multipleOf")) {
        BigDecimal divisor = number(keywords, "multipleOf", place);
        numbers = numbers.intersect(NumberSyntax.multiplesOf(divisor));
      }
    } catch (ConstraintException e) {
      throw error(place, e.getMessage());
    }
    if (numbers.isEmpty()) {
      throw error(place, "no number satisfies its keywords together");
    }
    return numbers;
  }

  /** The stricter of the inclusive and the exclusive bound. */
  private static NumberSyntax.@Nullable Bound bound(
      Map<String, Object> keywords,
      String inclusive,
      String exclusive,
      String place,
      boolean larger) {
    NumberSyntax.Bound bound = null;
    if (keywords.containsKey(inclusive)) {
      bound = new NumberSyntax.Bound(number(keywords, inclusive, place), false);
    }
    if (keywords.containsKey(exclusive)) {
      BigDecimal value = number(keywords, exclusive, place);
      int order = bound == null ? 0 : value.compareTo(bound.value());
      if (order == 0 || order > 0 == larger) {
        bound = new NumberSyntax.Bound(value, true);
      }
    }
    return bound;
  }

  // ---- references

  private String target(Object ref, String place) {
    if (!(ref instanceof String text) || !(text.equals("#") || text.startsWith("#/"))) {
      throw error(
          place,
          "$ref must be '#' or begin with '#/', since other documents are not read; found "
              + SchemaJson.write(ref));
    }
    at(text, place);
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
        throw error(place, "$ref to '" + pointer + "', which is not there");
      }
      value = next;
    }
    return value;
  }

  private static String escaped(String name) {
    return name.replace("~", "~0").replace("/", "~1");
  }

  // ---- the whole

  /** Every text ends, and no rule begins with itself. */
  private void checkSatisfiable(Grammar grammar) {
    boolean[] checked = new boolean[grammar.rules()];
    for (int rule = 0; rule < grammar.rules(); rule++) {
      checkBeginning(grammar, rule, new LinkedHashSet<>(), checked);
    }
    Costs costs = new Costs(grammar, null);
    if (costs.cost(grammar.ruleStart(0)) == Costs.NEVER) {
      throw error("#", "nothing satisfies the schema: its shortest text would never end");
    }
    if (costs.height(grammar.ruleStart(0)) > Limits.MAX_DEPTH) {
      throw error(
          "#", "even the shortest text is nested deeper than " + Limits.MAX_DEPTH + " levels");
    }
  }

  private void checkBeginning(Grammar grammar, int rule, Set<Integer> above, boolean[] checked) {
    if (!above.add(rule)) {
      throw error(placeOf.get(rule), "$ref leads back to itself before anything is written");
    }
    if (above.size() > Limits.MAX_DEPTH) {
      throw error(
          placeOf.get(rule), "more than " + Limits.MAX_DEPTH + " $ref one behind the other");
    }
    if (!checked[rule]) {
      Set<Integer> seen = new HashSet<>();
      Deque<Integer> open = new ArrayDeque<>(List.of(grammar.ruleStart(rule)));
      while (!open.isEmpty()) {
        int state = open.remove();
        for (int edge = grammar.firstEdge(state); edge < grammar.endEdge(state); edge++) {
          if (grammar.low(edge) == Grammar.CALL) {
            checkBeginning(grammar, grammar.rule(edge), above, checked);
          } else if (grammar.low(edge) == Grammar.EPSILON && seen.add(grammar.target(edge))) {
            open.add(grammar.target(edge));
          }
        }
      }
      checked[rule] = true;
    }
    above.remove(rule);
  }

  // ---- values of keywords

  @SuppressWarnings("unchecked") // SchemaJson makes maps with names as keys only
  private static Map<String, Object> object(Object value) {
    return (Map<String, Object>) value;
  }

  private static Map<String, Object> members(
      Map<String, Object> keywords, String keyword, String place) {
    Object value = keywords.getOrDefault(keyword, Map.of());
    if (!(value instanceof Map<?, ?>)) {
      throw error(place, keyword + " must be an object, found " + SchemaJson.write(value));
    }
    return object(value);
  }

  private static List<?> list(Map<String, Object> keywords, String keyword, String place) {
    if (!(keywords.get(keyword) instanceof List<?> list) || list.isEmpty()) {
      throw error(place, keyword + " must be a list with at least one element");
    }
    return list;
  }

  private static String text(Map<String, Object> keywords, String keyword, String place) {
    if (!(keywords.get(keyword) instanceof String text)) {
      throw error(place, keyword + " must be a string");
    }
    return text;
  }

  private static BigDecimal number(Map<String, Object> keywords, String keyword, String place) {
    if (!(keywords.get(keyword) instanceof SchemaJson.JsonNumber number)) {
      throw error(place, keyword + " must be a number");
    }
    return number.value();
  }

  private static int count(
      Map<String, Object> keywords, String keyword, int otherwise, String place) {
    if (!keywords.containsKey(keyword)) {
      return otherwise;
    }
    BigDecimal value = number(keywords, keyword, place);
    boolean whole = value.signum() >= 0 && value.stripTrailingZeros().scale() <= 0;
    if (!whole || value.toBigInteger().compareTo(BigInteger.valueOf(Limits.MAX_STATES)) > 0) {
      throw error(
          place,
          keyword
              + " must be a whole number from 0 to "
              + Limits.MAX_STATES
              + ", found "
              + value.toPlainString());
    }
    return value.intValueExact();
  }

  private static void checkOrder(String low, int min, String high, int max, String place) {
    if (min > max) {
      throw error(place, low + " " + min + " is above " + high + " " + max);
    }
  }

  private static ConstraintException error(String place, @Nullable String message) {
    return new ConstraintException("JSON schema at " + place + ": " + message);
  }
}
