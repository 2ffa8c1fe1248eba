package io.github.nextclass.sampling.structure;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Text that means nothing special to the usual constraints: printable characters of ASCII but
 * {@code "} and {@code \}, and all from U+00A0 on but the line separators U+2028 and U+2029. Inside
 * a JSON string, or {@code .*}, one such character is as good as any other: all lead to the same
 * {@linkplain Automaton#afterPlain place}.
 *
 * <p>U+FFFD is left out, since decoded bytes that are no text have it too.
 */
final class PlainText {
  static final CodePointSet CHARACTERS =
      CodePointSet.ofRanges(
          ' ', '!', '#', '[', ']', '~', 0xA0, 0x2027, 0x202A, 0xFFFC, 0xFFFE, 0x10FFFF);

  private PlainText() {}

  /** How many plain characters the bytes are, in UTF-8; 0 if they are anything else. */
  static int length(byte[] bytes) {
    String text = new String(bytes, UTF_8);
    int length = 0;
    for (int i = 0; i < text.length(); length++) {
      int c = text.codePointAt(i);
      if (!CHARACTERS.contains(c)) {
        return 0;
      }
      i += Character.charCount(c);
    }
    return length;
  }

  /** Whether a byte is a plain character by itself. */
  static boolean isCharacter(int b) {
    return b < 0x80 && CHARACTERS.contains(b);
  }

  /** Whether a plain character may begin with a byte of a range. */
  static boolean mayBeginWith(int low, int high) {
    for (int b = low; b <= high; b++) {
      if (isCharacter(b) || (b >= 0xC2 && b <= 0xF4)) {
        return true;
      }
    }
    return false;
  }
}
