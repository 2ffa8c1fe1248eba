package io.github.nextclass.tokenizer;

/**
 * GPT-2's printable alphabet for bytes, {@code bytes_to_unicode}: tokenizer files write every byte
 * as one visible character. Printable Latin-1 bytes stand for themselves; the other 68 are U+0100,
 * U+0101 ... in order.
 */
final class ByteAlphabet {
  /** Stands for the space. */
  static final char SPACE = 0x120;

  /** The largest character of the alphabet is U+0100 + 67. */
  private static final int SIZE = 0x100 + 68;

  private static final byte[] BYTE_OF_CHAR = new byte[SIZE];
  private static final boolean[] IN_ALPHABET = new boolean[SIZE];
  private static final char[] CHAR_OF_BYTE = new char[256];

  static {
    int next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      int c = printable ? b : next++;
      CHAR_OF_BYTE[b] = (char) c;
      BYTE_OF_CHAR[c] = (byte) b;
      IN_ALPHABET[c] = true;
    }
  }

  /**
   * Writes the bytes that {@code length} characters stand for.
   *
   * @return false if a character is outside the alphabet; what was written is then without meaning
   */
  static boolean toBytes(char[] chars, int offset, int length, byte[] target, int at) {
    for (int i = 0; i < length; i++) {
      char c = chars[offset + i];
      if (c >= SIZE || !IN_ALPHABET[c]) {
        return false;
      }
      target[at + i] = BYTE_OF_CHAR[c];
    }
    return true;
  }

  /**
   * As above, from UTF-8: a character of the alphabet has one or two bytes.
   *
   * @return the number of bytes written, or -1 if a character is outside the alphabet
   */
  static int toBytes(byte[] utf8, int from, int to, byte[] target, int at) {
    int written = at;
    int i = from;
    while (i < to) {
      int c = utf8[i++];
      if (c < 0) {
        if (c < (byte) 0xC2 || c > (byte) 0xC5 || i == to || !Utf8.isContinuation(utf8[i])) {
          return -1;
        }
        c = (c & 0x1F) << 6 | (utf8[i++] & 0x3F);
      }
      if (c >= SIZE || !IN_ALPHABET[c]) {
        return -1;
      }
      target[written++] = BYTE_OF_CHAR[c];
    }
    return written - at;
  }

  /** The bytes of a token as the reference decodes it: by the alphabet, or else as plain UTF-8. */
  static byte[] decode(String token) {
    byte[] bytes = new byte[token.length()];
    return toBytes(token.toCharArray(), 0, bytes.length, bytes, 0) ? bytes : Utf8.encode(token);
  }

  static String encode(byte[] bytes) {
    char[] chars = new char[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      chars[i] = CHAR_OF_BYTE[bytes[i] & 0xFF];
    }
    return new String(chars);
  }

  private ByteAlphabet() {}
}
