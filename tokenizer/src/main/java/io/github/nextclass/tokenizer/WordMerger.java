package io.github.nextclass.tokenizer;

import org.jspecify.annotations.Nullable;

/**
 * The merging itself, with its working memory: one token for each byte, then the pair of the lowest
 * rank (the leftmost of equals) becomes one token, until no pair has a rank. Not thread-safe; made
 * for the words of one call.
 */
final class WordMerger {
  /** Up to this many tokens the quadratic loop is the faster one. */
  private static final int LONG_WORD = 200;

  private final MergeTable merges;
  private int[] ids = new int[64];
  private int[] ranks = new int[64];
  private @Nullable LongWordMerger longWords;

  WordMerger(MergeTable merges) {
    this.merges = merges;
  }

  /**
   * Appends the tokens of {@code text[from, to)}.
   *
   * @param byteTokens the token of each byte; a byte with -1 is left out, as in the reference
   */
  void merge(byte[] text, int from, int to, int[] byteTokens, IntBuffer out) {
    if (ids.length < to - from) {
      ids = new int[Math.max(to - from, LONG_WORD)];
    }
    int count = 0;
    for (int i = from; i < to; i++) {
      int id = byteTokens[text[i] & 0xFF];
      if (id >= 0) {
        ids[count++] = id;
      }
    }
    if (count <= LONG_WORD) {
      mergeShort(count, out);
    } else {
      if (longWords == null) {
        longWords = new LongWordMerger(merges);
      }
      longWords.merge(ids, count, out);
    }
  }

  /** The rule as it is stated; ranks[i] belongs to the pair (ids[i], ids[i + 1]). */
  private void mergeShort(int symbols, IntBuffer out) {
    int count = symbols;
    if (ranks.length < count) {
      ranks = new int[LONG_WORD];
    }
    for (int i = 0; i + 1 < count; i++) {
      ranks[i] = merges.rank(ids[i], ids[i + 1]);
    }
    while (count > 1) {
      int lowest = MergeTable.NO_RANK;
      int at = -1;
      for (int i = 0; i < count - 1; i++) {
        if (ranks[i] < lowest) {
          lowest = ranks[i];
          at = i;
        }
      }
      if (at < 0) {
        break;
      }
      ids[at] = merges.mergedId(lowest);
      count--;
      for (int i = at + 1; i < count; i++) {
        ids[i] = ids[i + 1];
        ranks[i - 1] = ranks[i];
      }
      if (at + 1 < count) {
        ranks[at] = merges.rank(ids[at], ids[at + 1]);
      }
      if (at > 0) {
        ranks[at - 1] = merges.rank(ids[at - 1], ids[at]);
      }
    }
    for (int i = 0; i < count; i++) {
      out.add(ids[i]);
    }
  }
}
