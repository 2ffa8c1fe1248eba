package io.github.nextclass.tokenizer;

import java.util.Arrays;

/**
 * The bytes of every token, and the way from bytes to the token id.
 *
 * <pre>
 *   pool    | ! | " | # | ... |Ġ t h e| ...            bytes of all tokens, one after the other
 *   start[id], end[id]        where token id lies; start = end = 0 for an id without a token
 *   keys[slot], ids[slot]     open addressing, linear probing, at most half full
 * </pre>
 *
 * <p>Immutable once built.
 */
final class Vocabulary {
  /**
   * No known model has a tenth of this; the limit keeps a wrong id from becoming a huge allocation.
   */
  static final int MAX_ID = (1 << 21) - 1;

  private static final int EMPTY = -1;

  private final byte[] pool;
  private final int[] start;
  private final int[] end;
  private final int idBound;
  private final int tokenCount;
  private final long[] keys;
  private final int[] ids;
  private final int shift;

  private Vocabulary(Builder builder) {
    pool = builder.pool;
    start = builder.start;
    end = builder.end;
    idBound = builder.idBound;
    tokenCount = builder.tokenCount;
    keys = builder.keys;
    ids = builder.ids;
    shift = builder.shift;
  }

  /** One more than the largest token id. */
  int idBound() {
    return idBound;
  }

  /** The number of tokens: {@link #idBound} if there are no holes. */
  int tokenCount() {
    return tokenCount;
  }

  boolean contains(int id) {
    return id >= 0 && id < idBound && end[id] > start[id];
  }

  byte[] bytes(int id) {
    return Arrays.copyOfRange(pool, start[id], end[id]);
  }

  int length(int id) {
    return end[id] - start[id];
  }

  /** Copies the token's bytes and returns how many there are. */
  int copy(int id, byte[] target, int at) {
    int length = end[id] - start[id];
    System.arraycopy(pool, start[id], target, at, length);
    return length;
  }

  /** The id of the token with exactly these bytes, or -1. */
  int find(byte[] bytes, int from, int to) {
    return from == to ? -1 : find(ByteKey.of(bytes, from, to), bytes, from, to);
  }

  /** As above, with the key known. */
  int find(long key, byte[] bytes, int from, int to) {
    int mask = ids.length - 1;
    for (int slot = ByteKey.slot(key, shift); ; slot = (slot + 1) & mask) {
      int id = ids[slot];
      if (id == EMPTY) {
        return -1;
      }
      if (keys[slot] == key
          && (to - from <= ByteKey.EXACT_BYTES
              || Arrays.equals(pool, start[id], end[id], bytes, from, to))) {
        return id;
      }
    }
  }

  /** The token of each byte, or -1 where there is none. */
  int[] byteTokens() {
    int[] tokens = new int[256];
    byte[] single = new byte[1];
    for (int b = 0; b < 256; b++) {
      single[0] = (byte) b;
      tokens[b] = find(single, 0, 1);
    }
    return tokens;
  }

  /** Collects tokens in any order. */
  static final class Builder {
    private byte[] pool;
    private int poolSize;
    private int[] start;
    private int[] end;
    private int idBound;
    private int tokenCount;
    private int findable;
    private long[] keys;
    private int[] ids;
    private int shift;

    Builder(int expectedTokens) {
      pool = new byte[Math.max(64, expectedTokens * 8)];
      start = new int[Math.max(16, expectedTokens)];
      end = new int[start.length];
      int slots = Math.max(64, Integer.highestOneBit(Math.max(1, expectedTokens)) * 4);
      keys = new long[slots];
      ids = new int[slots];
      Arrays.fill(ids, EMPTY);
      shift = 64 - Integer.numberOfTrailingZeros(slots);
    }

    /**
     * Room for a token of this many bytes at the end of the pool; {@link #add} then takes it from
     * there.
     */
    byte[] reserve(int length) {
      if (pool.length - poolSize < length) {
        pool =
            Arrays.copyOf(
                pool,
                Math.max(Math.multiplyExact(pool.length, 2), Math.addExact(poolSize, length)));
      }
      return pool;
    }

    /** Where {@link #reserve}'s room begins. */
    int reservedAt() {
      return poolSize;
    }

    boolean contains(int id) {
      return id < idBound && end[id] > start[id];
    }

    int tokenCount() {
      return tokenCount;
    }

    /**
     * Adds a token whose bytes were written into {@link #reserve}'s room.
     *
     * @param id an id without a token, at most {@link #MAX_ID}
     * @param length number of bytes, at least 1
     * @param findable whether {@link Vocabulary#find} knows it
     * @return false if a findable token of these bytes is already there; nothing is added then
     */
    boolean add(int id, int length, boolean findable) {
      int from = poolSize;
      int to = from + length;
      if (findable) {
        if (2 * (this.findable + 1) > ids.length) {
          grow();
        }
        if (!insert(ByteKey.of(pool, from, to), id, from, to)) {
          return false;
        }
        this.findable++;
      }
      if (id >= start.length) {
        int capacity = Math.min(MAX_ID + 1, Math.max(id + 1, 2 * start.length));
        start = Arrays.copyOf(start, capacity);
        end = Arrays.copyOf(end, capacity);
      }
      start[id] = from;
      end[id] = to;
      poolSize = to;
      idBound = Math.max(idBound, id + 1);
      tokenCount++;
      return true;
    }

    boolean add(int id, byte[] bytes, boolean findable) {
      System.arraycopy(bytes, 0, reserve(bytes.length), poolSize, bytes.length);
      return add(id, bytes.length, findable);
    }

    private boolean insert(long key, int id, int from, int to) {
      int mask = ids.length - 1;
      int slot = ByteKey.slot(key, shift);
      while (ids[slot] != EMPTY) {
        if (keys[slot] == key
            && (to - from <= ByteKey.EXACT_BYTES
                || Arrays.equals(pool, start[ids[slot]], end[ids[slot]], pool, from, to))) {
          return false;
        }
        slot = (slot + 1) & mask;
      }
      keys[slot] = key;
      ids[slot] = id;
      return true;
    }

    private void grow() {
      long[] oldKeys = keys;
      int[] oldIds = ids;
      keys = new long[oldKeys.length * 2];
      ids = new int[keys.length];
      Arrays.fill(ids, EMPTY);
      shift--;
      int mask = ids.length - 1;
      for (int i = 0; i < oldIds.length; i++) {
        if (oldIds[i] != EMPTY) {
          int slot = ByteKey.slot(oldKeys[i], shift);
          while (ids[slot] != EMPTY) {
            slot = (slot + 1) & mask;
          }
          keys[slot] = oldKeys[i];
          ids[slot] = oldIds[i];
        }
      }
    }

    Vocabulary build() {
      return new Vocabulary(this);
    }
  }
}
