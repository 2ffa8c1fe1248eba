package io.github.nextclass.sampling.structure;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads regular expressions: the part of {@code java.util.regex.Pattern}'s syntax that describes
 * sets of texts, with the same meaning. docs/structure.md lists it. Everything else is an error
 * that names the construct and its index, because a construct that is read as something else would
 * silently change what is allowed.
 */
final class RegexParser {
  private static final int MAX_GROUP_DEPTH = 100;
  private static final int MAX_LENGTH = 100_000;
  private static final int END = -1;

  private static final CodePointSet DIGIT = CodePointSet.of('0', '9');
  private static final CodePointSet WORD =
      CodePointSet.ofRanges('0', '9', 'A', 'Z', '_', '_', 'a', 'z');
  private static final CodePointSet SPACE = CodePointSet.ofRanges('\t', '\r', ' ', ' ');

  /** All but line terminators. */
  private static final CodePointSet DOT =
      CodePointSet.ofRanges('\n', '\n', '\r', '\r', 0x85, 0x85, 0x2028, 0x2029).complement();

  private final String pattern;
  private final boolean search;
  private final Map<String, CodePointSet> categories =
      new HashMap<>(); // each is a walk over Unicode
  private int at;
  private int depth;

  private RegexParser(String pattern, boolean search) {
    this.pattern = pattern;
    this.search = search;
  }

  /** The texts that match as a whole. */
  static Regex parse(String pattern) {
    return new RegexParser(pattern, false).parseAll();
  }

  /** The texts in which a match can be found, as {@code pattern} in a JSON schema means it. */
  static Regex parseSearch(String pattern) {
    return new RegexParser(pattern, true).parseAll();
  }

  private Regex parseAll() {
    if (pattern.length() > MAX_LENGTH) {
      throw new ConstraintException(
          "the regular expression has "
              + pattern.length()
              + " characters, expected at most "
              + MAX_LENGTH);
    }
    List<Regex> options = new ArrayList<>();
    do {
      options.add(anchoredBranch());
    } while (take('|'));
    if (at < pattern.length()) {
      throw malformed("unmatched ')'", at);
    }
    return options.size() == 1 ? options.getFirst() : new Regex.Choice(options);
  }

  /** A branch at the top, the only place for anchors: everywhere else they are hard to satisfy. */
  private Regex anchoredBranch() {
    boolean fromStart = false;
    while (take('^')) {
      fromStart = true;
    }
    Regex branch = branch();
    boolean toEnd = false;
    while (take('$')) {
      toEnd = true;
    }
    if (at < pattern.length() && peek() != '|' && peek() != ')') {
      throw unsupported("anchor '$' in the middle", at - 1);
    }
    if (!search) {
      return branch;
    }
    return Regex.sequence(
        fromStart ? Regex.EMPTY : Regex.ANY_TEXT, branch, toEnd ? Regex.EMPTY : Regex.ANY_TEXT);
  }

  private Regex choice() {
    List<Regex> options = new ArrayList<>();
    do {
      options.add(branch());
    } while (take('|'));
    return options.size() == 1 ? options.getFirst() : new Regex.Choice(options);
  }

  private Regex branch() {
    List<Regex> parts = new ArrayList<>();
    while (at < pattern.length() && peek() != '|' && peek() != ')') {
      if (peek() == '$' && depth == 0) {
        break; // the end of a branch at the top, or an error that is found there
      }
      parts.add(quantified());
    }
    return parts.size() == 1 ? parts.getFirst() : new Regex.Sequence(parts);
  }

  private Regex quantified() {
    Regex part = atom();
    while (true) {
      int start = at;
      int min;
      int max;
      if (take('*')) {
        min = 0;
        max = Regex.UNBOUNDED;
      } else if (take('+')) {
        min = 1;
        max = Regex.UNBOUNDED;
      } else if (take('?')) {
        min = 0;
        max = 1;
      } else if (take('{')) {
        min = number(start);
        max = min;
        if (take(',')) {
          max = peek() == '}' ? Regex.UNBOUNDED : number(start);
        }
        if (!take('}')) {
          throw unsupported("'{' that is no quantifier like {2}, {2,} or {2,5}", start);
        }
        if (min > max) {
          throw malformed("quantifier with minimum " + min + " above maximum " + max, start);
        }
      } else {
        return part;
      }
      if (peek() == '+') {
        throw unsupported("possessive quantifier", start);
      }
      take('?'); // a reluctant quantifier prefers other matches of the same texts
      if (peek() == '*' || peek() == '+' || peek() == '?' || peek() == '{') {
        throw unsupported("quantifier behind a quantifier", at);
      }
      part = new Regex.Repeat(part, min, max);
    }
  }

  private int number(int start) {
    int from = at;
    while (at < pattern.length() && peek() >= '0' && peek() <= '9') {
      at++;
    }
    if (at == from) {
      throw unsupported("'{' that is no quantifier like {2}, {2,} or {2,5}", start);
    }
    if (at - from > 9) {
      throw malformed("quantifier above 999999999", start);
    }
    return Integer.parseInt(pattern.substring(from, at));
  }

  private Regex atom() {
    int start = at;
    int c = next();
    return switch (c) {
      case '(' -> group(start);
      case '[' -> new Regex.One(characterClass(start));
      case '.' -> new Regex.One(DOT);
      case '\\' -> new Regex.One(escape(start));
      case '^', '$' -> throw unsupported("anchor '" + (char) c + "' in the middle", start);
      case '*', '+', '?' -> throw malformed("quantifier '" + (char) c + "' behind nothing", start);
      case '{' -> throw malformed("quantifier '{' behind nothing; a brace itself is \\{", start);
      default -> new Regex.One(single(c, start));
    };
  }

  private Regex group(int start) {
    if (take('?')) {
      switch (next()) {
        case ':' -> {}
        case '=' -> throw unsupported("lookahead", start);
        case '!' -> throw unsupported("negative lookahead", start);
        case '>' -> throw unsupported("atomic group", start);
        case '<' -> {
          if (peek() == '=' || peek() == '!') {
            throw unsupported("lookbehind", start);
          }
          name(start);
        }
        default -> throw unsupported("inline flag or unknown group", start);
      }
    }
    if (++depth > MAX_GROUP_DEPTH) {
      throw malformed("group nested deeper than " + MAX_GROUP_DEPTH, start);
    }
    Regex inner = choice();
    depth--;
    if (!take(')')) {
      throw malformed("group without its ')'", start);
    }
    return inner;
  }

  private void name(int start) {
    while (at < pattern.length() && Character.isLetterOrDigit(peek())) {
      at++;
    }
    if (!take('>')) {
      throw malformed("group name without its '>'", start);
    }
  }

  private CodePointSet characterClass(int start) {
    boolean negated = take('^');
    CodePointSet set = CodePointSet.ofRanges();
    boolean first = true;
    while (true) {
      int from = at;
      int c = next();
      if (c == END) {
        throw malformed("character class without its ']'", start);
      }
      if (c == ']' && !first) {
        return negated ? set.complement() : set;
      }
      first = false;
      CodePointSet item = classItem(c, from);
      if (peek() == '-' && at + 1 < pattern.length() && pattern.charAt(at + 1) != ']') {
        at++;
        int to = at;
        item = range(item, classItem(next(), to), from);
      }
      set = set.union(item);
    }
  }

  private CodePointSet classItem(int c, int from) {
    return switch (c) {
      case END -> throw malformed("character class without its end", from);
      case '\\' -> escape(from);
      case '[' -> throw unsupported("class inside a class; a bracket itself is \\[", from);
      case ']' -> throw unsupported("empty character class; a bracket itself is \\]", from);
      case '&' -> {
        if (peek() == '&') {
          throw unsupported("intersection '&&' of classes", from);
        }
        yield single(c, from);
      }
      default -> single(c, from);
    };
  }

  private CodePointSet range(CodePointSet first, CodePointSet last, int from) {
    boolean singles =
        first.ranges() == 1
            && last.ranges() == 1
            && first.first(0) == first.last(0)
            && last.first(0) == last.last(0);
    if (!singles) {
      throw malformed("range whose ends are not single characters", from);
    }
    if (first.first(0) > last.first(0)) {
      throw malformed("range in descending order", from);
    }
    return CodePointSet.of(first.first(0), last.first(0));
  }

  /** Behind the backslash. */
  private CodePointSet escape(int start) {
    int c = next();
    return switch (c) {
      case END -> throw malformed("backslash at the end", start);
      case 'd' -> DIGIT;
      case 'D' -> DIGIT.complement();
      case 'w' -> WORD;
      case 'W' -> WORD.complement();
      case 's' -> SPACE;
      case 'S' -> SPACE.complement();
      case 't' -> single('\t', start);
      case 'n' -> single('\n', start);
      case 'r' -> single('\r', start);
      case 'f' -> single('\f', start);
      case 'x' -> single(peek() == '{' ? bracedHex(start) : hex(2, start), start);
      case 'u' -> single(peek() == '{' ? bracedHex(start) : utf16(start), start);
      case 'p' -> category(start);
      case 'P' -> category(start).complement();
      case 'b', 'B' -> throw unsupported("word boundary '\\" + (char) c + "'", start);
      case 'k' -> throw unsupported("backreference '\\k'", start);
      default -> {
        if (c >= '0' && c <= '9') {
          throw unsupported("backreference '\\" + (char) c + "'", start);
        }
        if (c < 128 && Character.isLetter(c)) {
          throw unsupported("escape '\\" + (char) c + "'", start);
        }
        yield single(c, start);
      }
    };
  }

  /** One code unit, or two that are a surrogate pair. */
  private int utf16(int start) {
    int unit = hex(4, start);
    if (unit < 0xD800 || unit > 0xDBFF || !pattern.startsWith("\\u", at)) {
      return unit;
    }
    at += 2;
    int low = hex(4, start);
    return low >= 0xDC00 && low <= 0xDFFF ? Character.toCodePoint((char) unit, (char) low) : unit;
  }

  private int hex(int digits, int start) {
    int value = 0;
    for (int i = 0; i < digits; i++) {
      int digit = Character.digit(next(), 16);
      if (digit < 0) {
        throw malformed("escape that needs " + digits + " hexadecimal digits", start);
      }
      value = value << 4 | digit;
    }
    return value;
  }

  private int bracedHex(int start) {
    at++;
    int value = 0;
    for (int c = next(); c != '}'; c = next()) {
      int digit = Character.digit(c, 16);
      if (digit < 0 || value > Character.MAX_CODE_POINT >> 4) {
        throw malformed("escape that needs a code point in hexadecimal digits", start);
      }
      value = value << 4 | digit;
    }
    return value;
  }

  /** A general category as in {@code \p{Lu}}, {@code \p{L}} or {@code \pL}. */
  private CodePointSet category(int start) {
    String name;
    if (take('{')) {
      int end = pattern.indexOf('}', at);
      name = end < 0 ? "" : pattern.substring(at, end);
      at = end < 0 ? at : end + 1;
    } else {
      int c = next();
      name = c == END ? "" : Character.toString(c);
    }
    @Nullable CodePointSet set = categories.computeIfAbsent(name, GeneralCategories::get);
    if (set == null) {
      throw unsupported(
          "property '" + name + "', which is no general category like L or Lu,", start);
    }
    return set;
  }

  private CodePointSet single(int c, int start) {
    if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
      throw malformed("half a surrogate pair", start);
    }
    return CodePointSet.of(c, c);
  }

  private int peek() {
    return at < pattern.length() ? pattern.charAt(at) : END;
  }

  private int next() {
    if (at >= pattern.length()) {
      return END;
    }
    int c = pattern.codePointAt(at);
    at += Character.charCount(c);
    return c;
  }

  private boolean take(char c) {
    if (peek() != c) {
      return false;
    }
    at++;
    return true;
  }

  private ConstraintException unsupported(String construct, int index) {
    return malformed(construct + " is not supported", index);
  }

  private ConstraintException malformed(String what, int index) {
    String excerpt =
        pattern.length() <= 80
            ? pattern
            : pattern.substring(0, 80) + "..."; // enough to recognise it
    return new ConstraintException(
        "regular expression, index " + index + ": " + what + ", in " + excerpt);
  }
}
