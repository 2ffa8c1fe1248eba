package io.github.nextclass.tokenizer;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Byte-level BPE of one word: begin with one token for each byte, merge the adjacent pair of the
 * lowest rank (the leftmost of equals) until no pair has a rank.
 *
 * <p>Most words take a short cut that gives the same result: a word that is itself a token whose
 * bytes merge back into it, or a word met before. Both memories only repeat what the merges gave,
 * so that a race between threads is harmless: the worst is work done twice.
 */
final class BytePairEncoder {
  private static final int CACHE_BITS = 14;
  private static final int MAX_CACHED_BYTES = 64;

  private static final byte UNKNOWN = 0;
  private static final byte WHOLE = 1;
  private static final byte NOT_WHOLE = 2;

  private final Vocabulary vocabulary;
  private final MergeTable merges;
  private final boolean ignoreMerges;

  /** The token of each byte, or -1. */
  private final int[] byteTokens;

  /**
   * Whether a token's bytes merge into this one token; found out when the token is first met as a
   * word.
   */
  private final byte[] wholeness;

  /** Direct-mapped by key; a newer word displaces an older one. */
  private final AtomicReferenceArray<@Nullable CachedWord> cache =
      new AtomicReferenceArray<>(1 << CACHE_BITS);

  /** Immutable, hence safe to read whatever thread wrote it. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record CachedWord(long key, byte[] bytes, int[] ids) {}

  BytePairEncoder(Vocabulary vocabulary, MergeTable merges, boolean ignoreMerges) {
    this.vocabulary = vocabulary;
    this.merges = merges;
    this.ignoreMerges = ignoreMerges;
    this.wholeness = new byte[vocabulary.idBound()];
    this.byteTokens = vocabulary.byteTokens();
  }

  /** Working memory for the words of one call. */
  WordMerger newMerger() {
    return new WordMerger(merges);
  }

  /** Appends the tokens of the word {@code text[from, to)}, which is not empty. */
  void encode(byte[] text, int from, int to, IntBuffer out, WordMerger merger) {
    if (to - from == 1) {
      int id = byteTokens[text[from] & 0xFF];
      if (id >= 0) {
        out.add(id);
      }
      return;
    }
    long key = ByteKey.of(text, from, to);
    int id = vocabulary.find(key, text, from, to);
    if (id >= 0) {
      if (wholeness[id] == WHOLE || ignoreMerges) {
        out.add(id);
        return;
      }
      int before = out.size();
      merger.merge(text, from, to, byteTokens, out);
      if (wholeness[id] == UNKNOWN) {
        wholeness[id] = out.size() == before + 1 && out.get(before) == id ? WHOLE : NOT_WHOLE;
      }
      return;
    }
    if (to - from > MAX_CACHED_BYTES) {
      merger.merge(text, from, to, byteTokens, out);
      return;
    }
    int slot = ByteKey.slot(key, 64 - CACHE_BITS);
    CachedWord word = cache.getAcquire(slot);
    if (word == null
        || word.key != key
        || !Arrays.equals(word.bytes, 0, word.bytes.length, text, from, to)) {
      int before = out.size();
      merger.merge(text, from, to, byteTokens, out);
      cache.setRelease(
          slot, new CachedWord(key, Arrays.copyOfRange(text, from, to), out.toArray(before)));
    } else {
      out.addAll(word.ids);
    }
  }
}
