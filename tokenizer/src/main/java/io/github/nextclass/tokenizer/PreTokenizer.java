package io.github.nextclass.tokenizer;

import static io.github.nextclass.tokenizer.CharClasses.LETTER;
import static io.github.nextclass.tokenizer.CharClasses.NEWLINE;
import static io.github.nextclass.tokenizer.CharClasses.NUMBER;
import static io.github.nextclass.tokenizer.CharClasses.OTHER;
import static io.github.nextclass.tokenizer.CharClasses.SPACE;

/**
 * Cuts text into the words that BPE works on; by hand what Qwen's split pattern says:
 *
 * <pre>
 *   (?i:'s|'t|'re|'ve|'m|'ll|'d)         1  an English contraction
 *   [^\r\n\p{L}\p{N}]?\p{L}+             2  letters, with one other character in front
 *   \p{N}                                3  a single digit
 *    ?[^\s\p{L}\p{N}]+[\r\n]*            4  punctuation, with one space in front and line ends behind
 *   \s*[\r\n]+                           5  white space up to its last line end
 *   \s+(?!\S)                            6  white space, but for the last character if something follows
 *   \s+                                  7  white space
 * </pre>
 *
 * <p>The alternatives are tried in this order, and every code point begins a match of one of them,
 * so words cover the text without gaps. Works on valid UTF-8.
 */
final class PreTokenizer {
  static final String PATTERN =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private static final byte[] ASCII = CharClasses.asciiClasses();

  /**
   * The end of the word that begins at {@code from}.
   *
   * @param text valid UTF-8
   * @param from the word's first byte, below {@code to}
   * @param to the end of the text: nothing behind it is looked at
   */
  static int wordEnd(byte[] text, int from, int to) {
    byte lead = text[from];
    int first = classAt(text, from);
    int second = from + Utf8.length(lead);
    if (first == LETTER) {
      return lettersEnd(text, second, to); // 2: [^\r\n\p{L}\p{N}]? matches nothing
    }
    if (first == NUMBER) {
      return second; // 3
    }
    if (lead == '\'') {
      int end = contractionEnd(text, second, to);
      if (end > 0) {
        return end; // 1
      }
    }
    int next = second < to ? classAt(text, second) : -1;
    if (first != NEWLINE && next == LETTER) {
      return lettersEnd(text, second, to); // 2: one character, then letters
    }
    if (first == OTHER) {
      return punctuationEnd(text, second, to); // 4: " ?" matches nothing
    }
    if (lead == ' ' && next == OTHER) {
      return punctuationEnd(text, second, to); // 4: a space, then punctuation
    }
    return whiteSpaceEnd(text, from, to); // 5, 6, 7
  }

  private static int classAt(byte[] text, int at) {
    byte lead = text[at];
    return lead >= 0 ? ASCII[lead] : CharClasses.classOf(Utf8.codePoint(text, at));
  }

  private static int lettersEnd(byte[] text, int from, int to) {
    int i = from;
    while (i < to) {
      byte lead = text[i];
      if (lead >= 0) {
        if (ASCII[lead] != LETTER) {
          return i;
        }
        i++;
      } else {
        if (CharClasses.classOf(Utf8.codePoint(text, i)) != LETTER) {
          return i;
        }
        i += Utf8.length(lead);
      }
    }
    return i;
  }

  /** The rest of {@code [^\s\p{L}\p{N}]+[\r\n]*}. */
  private static int punctuationEnd(byte[] text, int from, int to) {
    int i = from;
    while (i < to && classAt(text, i) == OTHER) {
      i += Utf8.length(text[i]);
    }
    while (i < to && (text[i] == '\r' || text[i] == '\n')) {
      i++;
    }
    return i;
  }

  private static int whiteSpaceEnd(byte[] text, int from, int to) {
    int i = from;
    int last = from;
    int newlinesEnd = -1;
    while (i < to) {
      int c = classAt(text, i);
      if (c != SPACE && c != NEWLINE) {
        break;
      }
      last = i;
      i += Utf8.length(text[i]);
      if (c == NEWLINE) {
        newlinesEnd = i;
      }
    }
    if (newlinesEnd >= 0) {
      return newlinesEnd; // 5: \s* gives back up to the last line end
    }
    if (i == to || last == from) {
      return i; // 6 at the end of the text, where (?!\S) holds; 7 for a single character
    }
    return last; // 6: one character given back, so that white space follows
  }

  /** The end of the contraction whose apostrophe stands before {@code at}, or -1. */
  private static int contractionEnd(byte[] text, int at, int to) {
    if (at >= to) {
      return -1;
    }
    boolean hasNext = at + 1 < to;
    // Setting bit 5 makes upper case lower; no byte but the two letters gives the letter.
    return switch (text[at] | 0x20) {
      case 's', 't', 'm', 'd' -> at + 1;
      case 'r', 'v' -> hasNext && (text[at + 1] | 0x20) == 'e' ? at + 2 : -1;
      case 'l' -> hasNext && (text[at + 1] | 0x20) == 'l' ? at + 2 : -1;
      // U+017F, the long s, is an s where case does not matter: C5 BF.
      default -> hasNext && text[at] == (byte) 0xC5 && text[at + 1] == (byte) 0xBF ? at + 2 : -1;
    };
  }

  private PreTokenizer() {}
}
