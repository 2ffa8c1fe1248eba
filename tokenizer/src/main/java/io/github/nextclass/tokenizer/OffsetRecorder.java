package io.github.nextclass.tokenizer;

import io.github.nextclass.tokenizer.PostProcessing.OffsetTrim;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Collects where each token of one text comes from, in chars. */
final class OffsetRecorder {
  private final byte[] text;

  /**
   * For each byte of the text the char index of its code point, with the end of the text behind.
   */
  private final int[] charIndex;

  private final List<OffsetTrim> trims;
  private final IntBuffer starts;
  private final IntBuffer ends;

  /** Whether the next token is the text's first. */
  private boolean first = true;

  OffsetRecorder(byte[] text, List<OffsetTrim> trims) {
    this.text = text;
    this.trims = trims;
    charIndex = charIndex(text);
    starts = new IntBuffer(text.length / 3);
    ends = new IntBuffer(text.length / 3);
  }

  /** An id that stands for no text. */
  void addEmpty() {
    starts.add(0);
    ends.add(0);
  }

  /** A token of the vocabulary at {@code piece[from, to)}; only the space itself can be trimmed. */
  void addToken(byte[] piece, int from, int to, Nfc.@Nullable Result origin) {
    int leading = 0;
    int trailing = 0;
    if (!trims.isEmpty()) {
      while (from + leading < to && piece[from + leading] == ' ') {
        leading++;
      }
      while (from < to - trailing && piece[to - trailing - 1] == ' ') {
        trailing++;
      }
    }
    add(from, to, origin, leading, trailing);
  }

  /** An added token at {@code piece[from, to)}, with the white space that it took along. */
  void addMatch(byte[] piece, int from, int to, Nfc.@Nullable Result origin) {
    int leading = 0;
    int trailing = 0;
    if (!trims.isEmpty()) {
      int[] match = Utf8.decodeFully(piece, from, to).codePoints().toArray();
      while (leading < match.length && isTrimmed(match[leading])) {
        leading++;
      }
      while (trailing < match.length && isTrimmed(match[match.length - trailing - 1])) {
        trailing++;
      }
    }
    add(from, to, origin, leading, trailing);
  }

  /** White space, or the letter that stands for a space in the byte alphabet. */
  private static boolean isTrimmed(int c) {
    return CharClasses.isSpace(c) || c == ByteAlphabet.SPACE;
  }

  private void add(int from, int to, Nfc.@Nullable Result origin, int leading, int trailing) {
    int fromByte = origin == null ? from : origin.originStart()[from];
    int toByte = origin == null ? to : origin.originEnd()[to - 1];
    while (toByte < text.length && Utf8.isContinuation(text[toByte])) {
      toByte++; // the whole character has the token's place
    }
    int start = charIndex[fromByte];
    int end = charIndex[toByte];
    for (OffsetTrim trim : trims) {
      start = trim.start(start, end, leading, first);
      end = trim.end(start, end, trailing);
    }
    first = false;
    starts.add(start);
    ends.add(end);
  }

  Encoding encoding(IntBuffer ids) {
    return new Encoding(ids.toArray(), starts.toArray(), ends.toArray());
  }

  private static int[] charIndex(byte[] text) {
    int[] index = new int[text.length + 1];
    int c = 0;
    int i = 0;
    while (i < text.length) {
      int length = Utf8.length(text[i]);
      for (int k = 0; k < length; k++) {
        index[i + k] = c;
      }
      i += length;
      c += length == 4 ? 2 : 1;
    }
    index[text.length] = c;
    return index;
  }
}
