package io.github.nextclass.sampling.structure;

import java.util.function.Consumer;

/** Characters inside a JSON string, as sequences of ranges of bytes. */
final class JsonStringRanges {
  private static final CodePointSet ESCAPED = CodePointSet.ofRanges(0, 0x1F, '"', '"', '\\', '\\');
  private static final CodePointSet AS_IT_IS = ESCAPED.complement();
  private static final String SHORT = "\b\t\n\f\r\"\\";
  private static final String SHORT_LETTERS = "btnfr\"\\";

  private JsonStringRanges() {}

  static void forEach(CodePointSet set, Consumer<int[]> sequences) {
    Utf8Ranges.forEach(set.intersect(AS_IT_IS), sequences);
    CodePointSet escaped = set.intersect(ESCAPED);
    for (int i = 0; i < escaped.ranges(); i++) {
      for (int c = escaped.first(i); c <= escaped.last(i); c++) {
        sequences.accept(singles(escape(c)));
      }
    }
  }

  /** A text as a JSON string with its quotes. */
  static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.codePoints()
        .forEach(c -> {
          if (c < ' ' || c == '"' || c == '\\') {
            quoted.append(escape(c));
          } else {
            quoted.appendCodePoint(c);
          }
        });
    return quoted.append('"').toString();
  }

  private static String escape(int c) {
    int index = SHORT.indexOf(c);
    return index >= 0
        ? "\\" + SHORT_LETTERS.charAt(index)
        : "\\u00" + Character.forDigit(c >> 4, 16) + Character.forDigit(c & 15, 16);
  }

  private static int[] singles(String ascii) {
    int[] sequence = new int[2 * ascii.length()];
    for (int i = 0; i < sequence.length; i++) {
      sequence[i] = ascii.charAt(i / 2);
    }
    return sequence;
  }
}
