package io.github.nextclass.sampling.structure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Regular expressions mean what java.util.regex means by them, or are an error. */
class RegexConstraintTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a",
        "abc",
        "a|b",
        "a|",
        "(a|b)*c",
        "(?:ab)+",
        "(?<name>ab)?c",
        "a{2}",
        "a{2,}",
        "a{0,3}b",
        "a*?b+?c??",
        "^abc$",
        "^a|b$",
        "[abc]",
        "[^abc]",
        "[a-c0-2]",
        "[-a]",
        "[a-]",
        "[\\]\\[]",
        "[^\\d\\s]",
        "\\d+\\.\\d{2}",
        "\\w+",
        "\\W",
        "\\s",
        "\\S",
        "\\D",
        ".",
        ".*",
        "\\.",
        "\\\\",
        "\\t\\n\\r\\f",
        "\\x41",
        "\\x{1F600}",
        "\\u00e9",
        "\\uD83D\\uDE00",
        "é",
        "😀+",
        "[😀-😂]",
        "[à-ü]{2}",
        "\\p{Lu}\\p{Ll}*",
        "\\pL",
        "\\P{L}",
        "[\\p{N}_]+",
        "((a)(b(c)?)?)?",
        "(a?){3}",
        "}",
        "]",
        "a-b",
        "\\-\\/\\\"",
        "(|a)b",
        "x{0}y"
      })
  void acceptsWhatJavaAccepts(String pattern) {
    Constraint constraint = Constraint.regex(pattern);
    Pattern oracle = Pattern.compile(pattern);
    Random random = new Random(pattern.hashCode());
    String alphabet = pattern + "aabbcc012 .-_éàü😀😁AZ\n\t\u0085\u2028";
    int[] characters =
        alphabet
            .codePoints()
            .filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE)
            .toArray();
    assertThat(constraint.matches("")).isEqualTo(oracle.matcher("").matches());
    for (int i = 0; i < 300; i++) {
      StringBuilder text = new StringBuilder();
      for (int length = 1 + random.nextInt(5); length > 0; length--) {
        text.appendCodePoint(characters[random.nextInt(characters.length)]);
      }
      assertThat(constraint.matches(text.toString()))
          .as("%s on '%s'", pattern, text)
          .isEqualTo(oracle.matcher(text).matches());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "(a)\\1      ~ index 3: backreference '\\1'",
        "a\\k<n>     ~ index 1: backreference '\\k'",
        "a(?=b)      ~ index 1: lookahead",
        "(?!b)a      ~ index 0: negative lookahead",
        "(?<=b)a     ~ index 0: lookbehind",
        "(?<!b)a     ~ index 0: lookbehind",
        "(?>a)       ~ index 0: atomic group",
        "(?i)a       ~ index 0: inline flag",
        "a*+         ~ index 1: possessive quantifier",
        "a**         ~ index 2: quantifier behind a quantifier",
        "*a          ~ index 0: quantifier '*' behind nothing",
        "a{2         ~ index 1: '{' that is no quantifier",
        "a{x}        ~ index 1: '{' that is no quantifier",
        "a{3,2}      ~ index 1: quantifier with minimum 3 above maximum 2",
        "a{9999999999} ~ index 1: quantifier above",
        "\\bword     ~ index 0: word boundary",
        "a^b         ~ index 1: anchor '^' in the middle",
        "a$b         ~ index 1: anchor '$' in the middle",
        "(^a)        ~ index 1: anchor '^' in the middle",
        "[a-c&&b]    ~ index 4: intersection",
        "[a[b]]      ~ index 2: class inside a class",
        "[abc        ~ index 0: character class without its ']'",
        "[z-a]       ~ index 1: range in descending order",
        "[\\d-z]     ~ index 1: range whose ends are not single characters",
        "(a          ~ index 0: group without its ')'",
        "a)          ~ index 1: unmatched ')'",
        "a\\         ~ index 1: backslash at the end",
        "\\q         ~ index 0: escape '\\q'",
        "\\p{Greek}  ~ index 0: property 'Greek'",
        "\\x4        ~ index 0: escape that needs 2 hexadecimal digits",
        "\\uD83D     ~ index 0: half a surrogate pair"
      })
  void namesWhatItDoesNotSupport(String pattern, String message) {
    assertThatThrownBy(() -> Constraint.regex(pattern))
        .isInstanceOf(ConstraintException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"a{1000000}", "((a{1000}){1000}){1000}", "((((a{999999999}){99}){99}){99}){99}"})
  void rejectsOversizedPatternsAtOnce(String pattern) {
    assertThatThrownBy(() -> Constraint.regex(pattern))
        .isInstanceOf(ConstraintException.class)
        .hasMessageContaining("too large")
        .hasMessageContaining("100000");
  }

  @Test
  void rejectsLongAndDeepPatterns() {
    assertThatThrownBy(() -> Constraint.regex("a".repeat(100_001)))
        .hasMessageContaining("100001 characters");
    assertThatThrownBy(() -> Constraint.regex("(".repeat(5000) + ")".repeat(5000)))
        .hasMessageContaining("group nested deeper than 100");
  }

  @Test
  void rejectsWhatMatchesNothing() {
    assertThatThrownBy(() -> Constraint.regex("a[^\\x{0}-\\x{10FFFF}]"))
        .hasMessageContaining("matches no text");
  }

  /** Backtracking takes exponential time here; an automaton does not notice. */
  @Test
  void isNotCaughtByCatastrophicPatterns() {
    Constraint nested = Constraint.regex("(((a+)+)+)+b");
    assertThat(nested.matches("a".repeat(5000) + "b")).isTrue();
    assertThat(nested.matches("a".repeat(5000))).isFalse();
    Constraint exponential = Constraint.regex("(a|b)*a(a|b){40}"); // 2^41 deterministic states
    assertThat(exponential.matches("a" + "ab".repeat(20))).isTrue();
    assertThat(exponential.matches("b" + "ab".repeat(20))).isFalse();
  }
}
