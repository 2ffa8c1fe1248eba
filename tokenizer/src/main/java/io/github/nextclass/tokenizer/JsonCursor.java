package io.github.nextclass.tokenizer;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;

/**
 * Walks through JSON in a byte array without making a String of each token. A vocabulary is half a
 * million short strings that are looked at once, by code that has just been loaded: here a general
 * parser costs more than all the rest. What is not such bulk is cut out and given to {@link Json}.
 *
 * <p>Loops read {@code for (boolean more = enter('{', ..); more; more = next('}'))}.
 */
final class JsonCursor {
  private final byte[] json;
  private final String file;
  private int at;

  /** The string read last: {@code text[from, to)}, in the JSON itself unless it has escapes. */
  private byte[] text;

  private int from;
  private int to;

  JsonCursor(byte[] json, String file) {
    this.json = json;
    this.file = file;
    this.text = json;
  }

  byte[] text() {
    return text;
  }

  int from() {
    return from;
  }

  int to() {
    return to;
  }

  /** The next byte that is not white space, or 0 at the end. */
  byte peek() {
    while (at < json.length) {
      byte b = json[at];
      if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
        return b;
      }
      at++;
    }
    return 0;
  }

  /** Reads the opening bracket; whether an element follows. */
  boolean enter(char open, String what) throws TokenizerFormatException {
    if (peek() != open) {
      throw error(
          what + " must be " + (open == '{' ? "an object" : "a list") + ", found " + found());
    }
    at++;
    if (peek() == (open == '{' ? '}' : ']')) {
      at++;
      return false;
    }
    return true;
  }

  /** Reads the comma or the closing bracket behind an element; whether another element follows. */
  boolean next(char close) throws TokenizerFormatException {
    byte b = peek();
    if (b == ',') {
      at++;
      return true;
    }
    if (b != close) {
      throw error("expected ',' or '" + close + "', found " + found());
    }
    at++;
    return false;
  }

  /** Checks that nothing follows. */
  void end() throws TokenizerFormatException {
    if (peek() != 0 || at < json.length) {
      throw error("text after the end of the JSON value");
    }
  }

  /** Reads a key and its colon; no key may come twice. */
  String key(Set<String> seen) throws TokenizerFormatException {
    string("a key");
    String key = decoded();
    if (!seen.add(key)) {
      throw error("key '" + key + "' appears twice");
    }
    colon();
    return key;
  }

  /** Reads the colon and an integer, behind a key. */
  int valueOfKeyAsInt(String what) throws TokenizerFormatException {
    colon();
    peek();
    int start = at;
    int value = 0;
    while (at < json.length && json[at] >= '0' && json[at] <= '9' && value <= Vocabulary.MAX_ID) {
      value = value * 10 + json[at++] - '0';
    }
    boolean leadingZero = at - start > 1 && json[start] == '0';
    byte behind = at < json.length ? json[at] : 0;
    if (at == start
        || leadingZero
        || behind == '.'
        || behind == 'e'
        || behind == 'E'
        || (behind >= '0' && behind <= '9')) {
      at = start;
      throw error(
          what
              + ": the id of '"
              + decoded()
              + "' must be an integer in 0.."
              + Vocabulary.MAX_ID
              + ", found "
              + found());
    }
    return value;
  }

  private void colon() throws TokenizerFormatException {
    if (peek() != ':') {
      throw error("expected ':', found " + found());
    }
    at++;
  }

  /** Reads a string; it is then in {@link #text}, {@link #from}, {@link #to}. */
  void string(String what) throws TokenizerFormatException {
    if (peek() != '"') {
      throw error(what + " must be a string, found " + found());
    }
    int i = ++at;
    while (i < json.length && json[i] != '"' && json[i] != '\\') {
      if (json[i] >= 0 && json[i] < ' ') {
        at = i;
        throw error("control character in a string");
      }
      i++;
    }
    if (i < json.length && json[i] == '\\') {
      unescape();
      return;
    }
    if (i == json.length) {
      throw error("the string does not end");
    }
    text = json;
    from = at;
    to = i;
    at = i + 1;
  }

  private void unescape() throws TokenizerFormatException {
    StringBuilder out = new StringBuilder();
    int start = at;
    while (at < json.length && json[at] != '"') {
      byte b = json[at];
      if (b == '\\') {
        out.append(utf8(json, start, at));
        at++;
        out.append(escape());
        start = at;
      } else if (b >= 0 && b < ' ') {
        throw error("control character in a string");
      } else {
        at++;
      }
    }
    if (at == json.length) {
      throw error("the string does not end");
    }
    out.append(utf8(json, start, at));
    at++;
    if (Utf8.loneSurrogate(out.toString()) >= 0) {
      throw error("lone surrogate in a string");
    }
    text = Utf8.encode(out.toString());
    from = 0;
    to = text.length;
  }

  /** Behind the backslash. */
  private char escape() throws TokenizerFormatException {
    byte b = at < json.length ? json[at++] : 0;
    return switch (b) {
      case '"', '\\', '/' -> (char) b;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        int value = 0;
        for (int k = 0; k < 4; k++) {
          int digit = at < json.length ? Character.digit(json[at++], 16) : -1;
          if (digit < 0) {
            throw error("\\u needs four hexadecimal digits");
          }
          value = value << 4 | digit;
        }
        yield (char) value;
      }
      default -> throw error("unknown escape in a string");
    };
  }

  /** Reads any value. */
  Object value(String what) throws TokenizerFormatException {
    peek();
    int start = at;
    skip();
    try {
      return Json.parse(json, start, at);
    } catch (Json.JsonException e) {
      throw new TokenizerFormatException(
          file
              + ": "
              + what
              + ", from "
              + place(start)
              + ": invalid JSON: "
              + e.getMessage()
              + " of this part");
    }
  }

  /**
   * Finds the end of a value; whether it is well-formed is found out by the parser that gets it.
   */
  private void skip() {
    int depth = 0;
    while (at < json.length) {
      byte b = json[at];
      if (b == '"') {
        skipString();
        if (depth == 0) {
          return;
        }
        continue;
      }
      if (b == '{' || b == '[') {
        depth++;
      } else if (b == '}' || b == ']') {
        depth--;
        if (depth < 0) {
          return; // belongs to what is around the value
        }
        if (depth == 0) {
          at++;
          return;
        }
      } else if (depth == 0 && b == ',') {
        return;
      }
      at++;
    }
  }

  private void skipString() {
    at++;
    while (at < json.length && json[at] != '"') {
      at += json[at] == '\\' && at + 1 < json.length ? 2 : 1;
    }
    at = Math.min(json.length, at + 1);
  }

  private String decoded() throws TokenizerFormatException {
    return utf8(text, from, to);
  }

  private String utf8(byte[] bytes, int start, int end) throws TokenizerFormatException {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes, start, end - start))
          .toString();
    } catch (CharacterCodingException e) {
      throw error("invalid UTF-8 in a string");
    }
  }

  private String found() {
    if (at >= json.length) {
      return "the end of the file";
    }
    int end = Math.min(json.length, at + 20);
    return "'" + new String(Arrays.copyOfRange(json, at, end), StandardCharsets.UTF_8) + "'";
  }

  /** Where the cursor is, for messages. */
  String place() {
    return place(at);
  }

  private String place(int offset) {
    int line = 1;
    int column = 1;
    for (int i = 0; i < Math.min(offset, json.length); i++) {
      if (json[i] == '\n') {
        line++;
        column = 1;
      } else {
        column++;
      }
    }
    return "line " + line + ", column " + column;
  }

  private TokenizerFormatException error(String message) {
    return new TokenizerFormatException(file + ": " + message + ", at " + place());
  }
}
