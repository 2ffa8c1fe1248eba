package io.github.nextclass.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A 64-bit key for a short run of bytes. Up to seven bytes are the key itself, so that equal keys
 * mean equal bytes; longer runs are hashed, and the bytes must be compared as well.
 *
 * <pre>
 *   1..7 bytes   | length | b6 b5 b4 b3 b2 b1 b0 |         8 and more   | 0x80 + 7 bits |  56 bits of hash  |
 * </pre>
 */
final class ByteKey {
  /** Runs up to this length are told apart by the key alone. */
  static final int EXACT_BYTES = 7;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long MULTIPLIER = 0x9E37_79B9_7F4A_7C15L;

  static long of(byte[] bytes, int from, int to) {
    int length = to - from;
    return length <= EXACT_BYTES ? packed(bytes, from, length) : hash(bytes, from, to);
  }

  /** Spreads a key over a table of {@code 1 << (64 - shift)} slots. */
  static int slot(long key, int shift) {
    return (int) ((key * MULTIPLIER) >>> shift);
  }

  private static long packed(byte[] bytes, int from, int length) {
    long word;
    if (from + 8 <= bytes.length) {
      word = (long) LONG.get(bytes, from) & ~(-1L << (8 * length));
    } else {
      word = 0;
      for (int i = 0; i < length; i++) {
        word |= (bytes[from + i] & 0xFFL) << (8 * i);
      }
    }
    return word | (long) length << 56;
  }

  /** Eight bytes at a time; the last eight may overlap those before. */
  private static long hash(byte[] bytes, int from, int to) {
    long h = (to - from) * MULTIPLIER;
    int i = from;
    for (; i < to - 8; i += 8) {
      h = (h ^ (long) LONG.get(bytes, i)) * MULTIPLIER;
      h ^= h >>> 29;
    }
    h = (h ^ (long) LONG.get(bytes, to - 8)) * MULTIPLIER;
    h ^= h >>> 32;
    return h | Long.MIN_VALUE;
  }

  private ByteKey() {}
}
