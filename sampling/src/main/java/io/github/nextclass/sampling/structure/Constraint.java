package io.github.nextclass.sampling.structure;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A set of texts, one of which a generation shall be: one of some given texts, a match of a regular
 * expression, or a JSON text that satisfies a schema. docs/structure.md lists what is supported.
 *
 * <p>Equal if made from the same text. Immutable and thread-safe.
 */
public final class Constraint {
  private static final int MAX_CHOICES = 10_000;
  private static final int MAX_CHOICE_CHARACTERS = 200_000;

  private final String source;
  private final Grammar grammar;

  private Constraint(String source, Grammar grammar) {
    this.source = source;
    this.grammar = grammar;
  }

  /**
   * Allows one of some texts.
   *
   * @param texts at least one that is not empty, at most 10,000, together at most 200,000
   *     characters; no half surrogate pairs
   * @return the constraint
   * @throws ConstraintException if there is none, all are empty, there are too many, or one is no
   *     valid text
   */
  public static Constraint choice(List<String> texts) {
    int characters = texts.stream().mapToInt(String::length).reduce(0, Math::addExact);
    if (texts.isEmpty() || texts.size() > MAX_CHOICES || characters > MAX_CHOICE_CHARACTERS) {
      throw new ConstraintException(
          "choice needs 1 to "
              + MAX_CHOICES
              + " texts of together at most "
              + MAX_CHOICE_CHARACTERS
              + " characters, got "
              + texts.size()
              + " of "
              + characters);
    }
    if (texts.stream().allMatch(String::isEmpty)) {
      throw new ConstraintException("choice needs a text that is not empty, got only empty ones");
    }
    for (String text : texts) {
      if (text.codePoints().anyMatch(c -> c >= 0xD800 && c <= 0xDFFF)) {
        throw new ConstraintException(
            "choice needs valid texts, got one with half a surrogate pair");
      }
    }
    GrammarBuilder builder = new GrammarBuilder();
    int rule = builder.newRule();
    builder.literals(builder.start(rule), texts, builder.end(rule));
    return new Constraint("choice " + texts, builder.build());
  }

  /**
   * Allows what matches a regular expression as a whole.
   *
   * @param pattern in the part of {@link java.util.regex.Pattern}'s syntax that docs/structure.md
   *     lists
   * @return the constraint
   * @throws ConstraintException if the pattern is malformed, uses what is not supported (the
   *     message names the construct and its index), matches nothing or is too large
   */
  public static Constraint regex(String pattern) {
    CodePointNfa nfa = CodePointNfa.of(RegexParser.parse(pattern));
    if (nfa.isEmpty()) {
      throw new ConstraintException("the regular expression matches no text: " + pattern);
    }
    GrammarBuilder builder = new GrammarBuilder();
    int rule = builder.newRule();
    builder.text(builder.start(rule), nfa, TextForm.PLAIN, builder.end(rule));
    return new Constraint("regex " + pattern, builder.build());
  }

  /**
   * Allows JSON texts that satisfy a schema. Members of objects come in the order of the schema's
   * {@code properties}, and the only white space between values is one space behind a comma or a
   * colon, if the model likes.
   *
   * @param schema a JSON schema, made of the keywords that docs/structure.md lists
   * @return the constraint
   * @throws ConstraintException if the schema is malformed, uses a keyword that is not supported,
   *     cannot be satisfied or is too large; the message says where
   */
  public static Constraint jsonSchema(String schema) {
    return new Constraint("JSON schema " + schema, JsonSchemaCompiler.compile(schema));
  }

  /**
   * Tells whether a text is allowed.
   *
   * @param text any text
   * @return true if it is one of the set
   */
  public boolean matches(String text) {
    return grammar.matches(text);
  }

  Grammar grammar() {
    return grammar;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Constraint constraint && source.equals(constraint.source);
  }

  @Override
  public int hashCode() {
    return source.hashCode();
  }

  /** Shows what it was made from, in brief. */
  @Override
  public String toString() {
    return source.length() <= 100 ? source : source.substring(0, 100) + "...";
  }
}
