package io.github.nextclass.tokenizer;

import java.util.Arrays;

/**
 * Which two adjacent tokens merge, in which order of precedence, and into what. Immutable once
 * filled.
 */
final class MergeTable {
  /** The rank of a pair that does not merge: behind all others. */
  static final int NO_RANK = Integer.MAX_VALUE;

  private static final long EMPTY = -1;

  private final long[] keys;
  private final int[] ranks;
  private final int[] mergedIds;
  private final int shift;

  MergeTable(int mergeCount) {
    int slots = Math.max(64, Integer.highestOneBit(Math.max(1, mergeCount)) * 4);
    keys = new long[slots];
    ranks = new int[slots];
    mergedIds = new int[mergeCount];
    shift = 64 - Integer.numberOfTrailingZeros(slots);
    Arrays.fill(keys, EMPTY);
  }

  int size() {
    return mergedIds.length;
  }

  /** A pair that is given again takes the later rank, as in the reference. */
  void put(int left, int right, int rank, int mergedId) {
    int slot = slotOf(key(left, right));
    keys[slot] = key(left, right);
    ranks[slot] = rank;
    mergedIds[rank] = mergedId;
  }

  /** The rank of the pair, or {@link #NO_RANK}. */
  int rank(int left, int right) {
    long key = key(left, right);
    int slot = slotOf(key);
    return keys[slot] == key ? ranks[slot] : NO_RANK;
  }

  int mergedId(int rank) {
    return mergedIds[rank];
  }

  private static long key(int left, int right) {
    return (long) left << 32 | right;
  }

  private int slotOf(long key) {
    int mask = keys.length - 1;
    int slot = ByteKey.slot(key, shift);
    while (keys[slot] != key && keys[slot] != EMPTY) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}
