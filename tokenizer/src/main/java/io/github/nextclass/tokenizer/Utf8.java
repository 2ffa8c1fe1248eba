package io.github.nextclass.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

/** UTF-8 with the reference's treatment of what is not UTF-8. */
final class Utf8 {
  private static final char REPLACEMENT = '\uFFFD';

  /** Bytes of valid UTF-16. Lone surrogates must be gone: the JDK would write '?'. */
  static byte[] encode(String text) {
    return text.getBytes(UTF_8);
  }

  /** The index of the first surrogate without its partner, or -1. */
  static int loneSurrogate(String text) {
    int length = text.length();
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        if (Character.isHighSurrogate(c)
            && i + 1 < length
            && Character.isLowSurrogate(text.charAt(i + 1))) {
          i++;
        } else {
          return i;
        }
      }
    }
    return -1;
  }

  /**
   * The text with every lone surrogate replaced by U+FFFD: as many chars as before, so offsets
   * stay.
   */
  static String replaceLoneSurrogates(String text) {
    char[] chars = text.toCharArray();
    for (int i = 0; i < chars.length; i++) {
      if (Character.isHighSurrogate(chars[i])
          && i + 1 < chars.length
          && Character.isLowSurrogate(chars[i + 1])) {
        i++;
      } else if (Character.isSurrogate(chars[i])) {
        chars[i] = REPLACEMENT;
      }
    }
    return new String(chars);
  }

  /** The code point whose first byte is at {@code at}, in valid UTF-8. */
  static int codePoint(byte[] utf8, int at) {
    int b = utf8[at];
    if (b >= 0) {
      return b;
    }
    if (b < (byte) 0xE0) {
      return (b & 0x1F) << 6 | (utf8[at + 1] & 0x3F);
    }
    if (b < (byte) 0xF0) {
      return (b & 0x0F) << 12 | (utf8[at + 1] & 0x3F) << 6 | (utf8[at + 2] & 0x3F);
    }
    return (b & 0x07) << 18
        | (utf8[at + 1] & 0x3F) << 12
        | (utf8[at + 2] & 0x3F) << 6
        | (utf8[at + 3] & 0x3F);
  }

  /** The number of bytes of the code point whose first byte this is, in valid UTF-8. */
  static int length(byte lead) {
    if (lead >= 0) {
      return 1;
    }
    return lead < (byte) 0xE0 ? 2 : lead < (byte) 0xF0 ? 3 : 4;
  }

  static boolean isContinuation(byte b) {
    return b < (byte) 0xC0;
  }

  /**
   * Decodes all complete code points of {@code bytes[from, to)} and returns where the undecoded
   * rest begins: at most three bytes that a later byte may complete. Ill-formed bytes become
   * U+FFFD, one for each maximal subpart (Unicode 16, section 3.9, as Rust's {@code
   * String::from_utf8_lossy}; the JDK's decoder differs for encoded surrogates).
   */
  static int decode(byte[] bytes, int from, int to, StringBuilder out) {
    int i = from;
    while (i < to) {
      int b = bytes[i];
      if (b >= 0) {
        out.append((char) b);
        i++;
        continue;
      }
      int need = continuationBytes(b);
      if (need == 0) {
        out.append(REPLACEMENT);
        i++;
        continue;
      }
      int have = 0;
      while (have < need && i + 1 + have < to && mayFollow(b, have, bytes[i + 1 + have])) {
        have++;
      }
      if (have == need) {
        out.appendCodePoint(codePoint(bytes, i));
      } else if (i + 1 + have == to) {
        return i;
      } else {
        out.append(REPLACEMENT);
      }
      i += 1 + have;
    }
    return to;
  }

  /** Decodes everything; an incomplete code point at the end becomes one U+FFFD. */
  static String decodeFully(byte[] bytes, int length) {
    return decodeFully(bytes, 0, length);
  }

  /** As above, of {@code bytes[from, to)}. */
  static String decodeFully(byte[] bytes, int from, int to) {
    StringBuilder out = new StringBuilder(to - from);
    if (decode(bytes, from, to, out) < to) {
      out.append(REPLACEMENT);
    }
    return out.toString();
  }

  /** How many bytes must follow this first byte; 0 if no well-formed sequence begins with it. */
  private static int continuationBytes(int b) {
    int lead = b & 0xFF;
    if (lead < 0xC2 || lead > 0xF4) {
      return 0;
    }
    return lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  }

  /**
   * Table 3-7 of the standard: the second byte's range depends on the first, which bars overlong
   * forms and surrogates.
   */
  private static boolean mayFollow(int b, int index, byte next) {
    int lead = b & 0xFF;
    int n = next & 0xFF;
    if (index == 0) {
      int low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
      int high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
      return n >= low && n <= high;
    }
    return n >= 0x80 && n <= 0xBF;
  }

  private Utf8() {}
}
