package io.github.nextclass.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds added tokens in text: leftmost, and the longest where several begin. Follows {@code
 * find_matches} in tokenizers/src/tokenizer/added_vocabulary.rs. Immutable.
 */
final class AddedTokenMatcher {
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Entry(byte[] bytes, AddedToken token) {}

  /** A token at {@code [start, end)}, white space that it takes along included. */
  record Match(int start, int end, int id) {}

  /** The tokens that begin with a byte, the longest first. */
  private final Entry[] @Nullable [] byFirstByte = new Entry[256][];

  private final boolean empty;

  /**
   * Makes a matcher.
   *
   * @param tokens what to find
   * @param normalize whether the text is normalized, so that the tokens must be, too
   */
  AddedTokenMatcher(List<AddedToken> tokens, boolean normalize) {
    List<List<Entry>> lists = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      lists.add(new ArrayList<>());
    }
    for (AddedToken token : tokens) {
      Entry entry =
          new Entry(
              Utf8.encode(normalize ? Nfc.normalize(token.content()) : token.content()), token);
      lists.get(entry.bytes[0] & 0xFF).add(entry);
    }
    for (int b = 0; b < 256; b++) {
      List<Entry> list = lists.get(b);
      if (!list.isEmpty()) {
        list.sort(Comparator.comparingInt((Entry e) -> e.bytes.length).reversed());
        byFirstByte[b] = list.toArray(new Entry[0]);
      }
    }
    empty = tokens.isEmpty();
  }

  /** All matches in {@code text[from, to)}, in order; nothing outside this range is looked at. */
  List<Match> findAll(byte[] text, int from, int to) {
    if (empty) {
      return List.of();
    }
    List<Match> matches = new ArrayList<>();
    int taken = from;
    int i = from;
    while (i < to) {
      Entry[] candidates = byFirstByte[text[i] & 0xFF];
      Entry found = candidates == null ? null : longestAt(candidates, text, i, to);
      if (found == null) {
        i++;
        continue;
      }
      int end = i + found.bytes.length;
      AddedToken token = found.token;
      if (!token.singleWord() || isSingleWord(text, from, i, end, to)) {
        // Looking no further back than what is taken, nor twice ahead, keeps long white space
        // linear.
        int start = token.lstrip() ? Math.max(taken, spaceBefore(text, Math.min(taken, i), i)) : i;
        if (!token.rstrip()) {
          taken = end;
        } else if (end >= taken) {
          taken = spaceAfter(text, end, to);
        }
        // White space that is a token itself may already be taken, by the token before it.
        if (start < taken) {
          matches.add(new Match(start, taken, token.id()));
        }
      }
      i = end;
    }
    return matches;
  }

  private static @Nullable Entry longestAt(Entry[] candidates, byte[] text, int at, int to) {
    for (Entry entry : candidates) {
      byte[] bytes = entry.bytes;
      int k = 1;
      if (at + bytes.length <= to) {
        while (k < bytes.length && text[at + k] == bytes[k]) {
          k++;
        }
        if (k == bytes.length) {
          return entry;
        }
      }
    }
    return null;
  }

  private static boolean isSingleWord(byte[] text, int from, int start, int end, int to) {
    boolean wordBefore = start > from && isWord(Utf8.codePoint(text, previous(text, start)));
    boolean wordAfter = end < to && isWord(Utf8.codePoint(text, end));
    return !wordBefore && !wordAfter;
  }

  /** {@code \w} of UTS 18: alphabetic, mark, decimal digit, connector punctuation, join control. */
  private static boolean isWord(int c) {
    return switch (Character.getType(c)) {
      case Character.NON_SPACING_MARK,
          Character.ENCLOSING_MARK,
          Character.COMBINING_SPACING_MARK,
          Character.DECIMAL_DIGIT_NUMBER,
          Character.CONNECTOR_PUNCTUATION ->
          true;
      default -> Character.isAlphabetic(c) || c == 0x200C || c == 0x200D;
    };
  }

  private static int spaceBefore(byte[] text, int from, int start) {
    int i = start;
    while (i > from && CharClasses.isSpace(Utf8.codePoint(text, previous(text, i)))) {
      i = previous(text, i);
    }
    return i;
  }

  private static int spaceAfter(byte[] text, int end, int to) {
    int i = end;
    while (i < to && CharClasses.isSpace(Utf8.codePoint(text, i))) {
      i += Utf8.length(text[i]);
    }
    return i;
  }

  private static int previous(byte[] text, int at) {
    int i = at - 1;
    while (Utf8.isContinuation(text[i])) {
      i--;
    }
    return i;
  }
}
