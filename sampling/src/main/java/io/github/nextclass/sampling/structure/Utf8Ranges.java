package io.github.nextclass.sampling.structure;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.function.Consumer;

/** Ranges of code points as sequences of ranges of UTF-8 bytes. */
final class Utf8Ranges {
  private static final int[] LAST_OF_LENGTH = {0x7F, 0x7FF, 0xFFFF, 0x10FFFF};

  private Utf8Ranges() {}

  static void forEach(CodePointSet set, Consumer<int[]> sequences) {
    for (int i = 0; i < set.ranges(); i++) {
      int first = set.first(i);
      for (int last : LAST_OF_LENGTH) {
        if (first <= Math.min(last, set.last(i))) {
          split(first, Math.min(last, set.last(i)), sequences);
          first = last + 1;
        }
      }
    }
  }

  /**
   * Splits a range of code points of equal length until its bytes vary independently: wherever the
   * leading bytes differ, the trailing ones must run from 80 to BF.
   */
  private static void split(int first, int last, Consumer<int[]> sequences) {
    if (last > 0x7F) {
      for (int bits = 6; bits <= 18; bits += 6) {
        int mask = (1 << bits) - 1;
        if ((first & ~mask) == (last & ~mask)) {
          continue;
        }
        if ((first & mask) != 0) {
          split(first, first | mask, sequences);
          split((first | mask) + 1, last, sequences);
          return;
        }
        if ((last & mask) != mask) {
          split(first, (last & ~mask) - 1, sequences);
          split(last & ~mask, last, sequences);
          return;
        }
      }
    }
    byte[] low = Character.toString(first).getBytes(UTF_8);
    byte[] high = Character.toString(last).getBytes(UTF_8);
    int[] sequence = new int[2 * low.length];
    for (int i = 0; i < low.length; i++) {
      sequence[2 * i] = low[i] & 0xFF;
      sequence[2 * i + 1] = high[i] & 0xFF;
    }
    sequences.accept(sequence);
  }
}
