package io.github.nextclass.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The hand-written scanner against the split pattern itself. */
class PreTokenizerTest {
  private static final int LETTERS = 141_028;
  private static final int NUMBERS = 1_911;

  /** With these flags Java's engine agrees with the reference's. */
  private static final Pattern SPLIT =
      Pattern.compile(PreTokenizer.PATTERN, Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNICODE_CASE);

  @Test
  void tablesHaveTheReferencesClasses() {
    int[] counts = new int[5];
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      counts[CharClasses.classOf(c)]++;
    }
    assertThat(counts[CharClasses.LETTER]).isEqualTo(LETTERS);
    assertThat(counts[CharClasses.NUMBER]).isEqualTo(NUMBERS);
    assertThat(counts[CharClasses.SPACE] + counts[CharClasses.NEWLINE]).isEqualTo(25);
    assertThat(counts[CharClasses.NEWLINE]).isEqualTo(2);
  }

  @Test
  void everyCodePointIsSplitAsByThePattern() {
    assumeUnicode16();
    StringBuilder text = new StringBuilder();
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
        continue;
      }
      // Each code point before, between and behind what the alternatives distinguish.
      text.appendCodePoint(c)
          .append("a")
          .appendCodePoint(c)
          .append(" ")
          .appendCodePoint(c)
          .append("1'")
          .appendCodePoint(c);
      text.append("\n")
          .appendCodePoint(c)
          .append("!")
          .appendCodePoint(c)
          .append("\n'r")
          .appendCodePoint(c)
          .append("  ");
      if (c % 64 == 63) {
        compare(text.toString());
        text.setLength(0);
      }
    }
    compare(text.toString());
  }

  @Test
  void randomTextIsSplitAsByThePattern() {
    assumeUnicode16();
    Random random = new Random(42);
    String[] parts = {
      " ", "  ", "\t", "\n", "\r\n", "\r", "\u00a0", "\u3000", "\u0085", "'s", "'S", "'\u017f",
      "'re", "'Ve", "'lL", "'l", "'", "a", "Zz", "é", "你好", "ſ", "1", "٣", "Ⅷ", "!", "?!", "_",
      "\u0301", "😀", "\u200b", "\u001c", "𝒳", "'d", "\u2028"
    };
    for (int i = 0; i < 200_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int n = 1 + random.nextInt(8); n > 0; n--) {
        text.append(parts[random.nextInt(parts.length)]);
      }
      compare(text.toString());
    }
  }

  private static void compare(String text) {
    List<String> expected = new ArrayList<>();
    Matcher matcher = SPLIT.matcher(text);
    while (matcher.find()) {
      expected.add(matcher.group());
    }
    List<String> words = new ArrayList<>();
    byte[] utf8 = Utf8.encode(text);
    int at = 0;
    while (at < utf8.length) {
      int end = PreTokenizer.wordEnd(utf8, at, utf8.length);
      words.add(Utf8.decodeFully(java.util.Arrays.copyOfRange(utf8, at, end), end - at));
      at = end;
    }
    if (!words.equals(expected)) { // far cheaper than an assertion, a million times
      assertThat(words).as(text).isEqualTo(expected);
    }
  }

  private static void assumeUnicode16() {
    int letters = 0;
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      letters += Character.isLetter(c) ? 1 : 0;
    }
    int found = letters;
    assumeTrue(
        found == LETTERS,
        () -> "skipped: this JDK's Unicode is not 16, it has " + found + " letters");
  }
}
