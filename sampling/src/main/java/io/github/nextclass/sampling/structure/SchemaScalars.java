package io.github.nextclass.sampling.structure;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/** The texts of the strings and numbers that a schema allows. */
final class SchemaScalars {
  private SchemaScalars() {}

  /** The strings, without quotes and escapes. */
  static CodePointNfa strings(SchemaNode schema) {
    SchemaNode.Counts length = schema.counts("minLength", "maxLength");
    CodePointNfa texts;
    try {
      texts =
          CodePointNfa.of(
              new Regex.Repeat(new Regex.One(CodePointSet.ALL), length.min(), length.max()));
      if (schema.has("pattern")) {
        Regex pattern = RegexParser.parseSearch(schema.text("pattern"));
        texts = texts.intersect(CodePointNfa.of(pattern));
      }
      if (schema.has("format")) {
        texts = texts.intersect(StringFormats.nfa(schema.text("format")));
      }
    } catch (ConstraintException e) {
      throw schema.error(e.getMessage());
    }
    if (texts.isEmpty()) {
      throw schema.error("no string satisfies its keywords together");
    }
    return texts;
  }

  static CodePointNfa numbers(boolean integer, SchemaNode schema) {
    NumberSyntax.Bound lower = bound(schema, "minimum", "exclusiveMinimum", /* larger= */ true);
    NumberSyntax.Bound upper = bound(schema, "maximum", "exclusiveMaximum", /* larger= */ false);
    CodePointNfa numbers;
    try {
      numbers = NumberSyntax.between(integer, lower, upper);
      if (schema.has("multipleOf")) {
        numbers = numbers.intersect(NumberSyntax.multiplesOf(schema.number("multipleOf")));
      }
    } catch (ConstraintException e) {
      throw schema.error(e.getMessage());
    }
    if (numbers.isEmpty()) {
      throw schema.error("no number satisfies its keywords together");
    }
    return numbers;
  }

  /** The stricter of the inclusive and the exclusive bound. */
  private static NumberSyntax.@Nullable Bound bound(
      SchemaNode schema, String inclusive, String exclusive, boolean larger) {
    NumberSyntax.Bound bound = null;
    if (schema.has(inclusive)) {
      bound = new NumberSyntax.Bound(schema.number(inclusive), false);
    }
    if (schema.has(exclusive)) {
      BigDecimal value = schema.number(exclusive);
      int order = bound == null ? 0 : value.compareTo(bound.value());
      if (order == 0 || order > 0 == larger) {
        bound = new NumberSyntax.Bound(value, true);
      }
    }
    return bound;
  }
}
