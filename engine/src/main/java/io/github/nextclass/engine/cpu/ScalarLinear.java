package io.github.nextclass.engine.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.github.nextclass.safetensors.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Linear layers without the Vector API, written so that HotSpot makes good code of plain loops.
 *
 * <p>Few tokens: a dot product keeps its sums in local variables, that is in registers, and takes
 * BF16 as it lies, two weights in an int.
 *
 * <p>Many tokens: weights of some rows are turned, {@code panel[k][row]}, and a loop over the rows
 * adds eight products to each sum ({@link ScalarSums}).
 */
final class ScalarLinear {
  /** Rows of a panel: a loop long enough for vectors, and a panel that stays in the cache. */
  static final int ROWS = 256;

  /** From so many tokens on a panel is worth turning. */
  private static final int MANY_TOKENS = 8;

  private static final ValueLayout.OfInt PAIR =
      JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Primitives primitives;

  ScalarLinear(Primitives primitives) {
    this.primitives = primitives;
  }

  /** See {@link Primitives#linear}. */
  void run(CpuMatrix w, int from, int to, float[] x, int tokens, float[] out, Scratch scratch) {
    if (tokens < MANY_TOKENS) {
      if (w instanceof CpuWeight bf16
          && bf16.dtype() == DType.BF16
          && w.columns() % Lane.PERIOD == 0) {
        dots(bf16, from, to, x, tokens, out, scratch);
      } else {
        definition(w, from, to, x, tokens, out, scratch);
      }
      return;
    }
    for (int row = from; row < to; row += ROWS) {
      panel(w, row, Math.min(ROWS, to - row), x, tokens, out, scratch);
    }
  }

  /** What is computed, with weights of any type and rows of any length. */
  private void definition(
      CpuMatrix w, int from, int to, float[] x, int tokens, float[] out, Scratch scratch) {
    int columns = w.columns();
    float[] row = scratch.panel(columns);
    float[] sums = scratch.sums(Lane.COUNT);
    for (int r = from; r < to; r++) {
      primitives.widen(w, r, row, 0);
      for (int t = 0; t < tokens; t++) {
        Arrays.fill(sums, 0, Lane.COUNT, 0f);
        for (int k = 0; k < columns; k++) {
          int lane = Lane.of(k);
          sums[lane] = Math.fma(row[k], x[t * columns + k], sums[lane]);
        }
        out[t * w.rows() + r] = Lane.sum(sums, 0);
      }
    }
  }

  private static void dots(
      CpuWeight w, int from, int to, float[] x, int tokens, float[] out, Scratch scratch) {
    int columns = w.columns();
    float[] sums = scratch.sums(Lane.COUNT);
    int[] pairs = scratch.ints(columns / 2);
    for (int r = from; r < to; r++) {
      MemorySegment.copy(w.segment(), PAIR, w.rowOffsetBytes(r), pairs, 0, columns / 2);
      for (int t = 0; t < tokens; t++) {
        eightLanes(pairs, 0, columns, x, t * columns, sums);
        eightLanes(pairs, Lane.COUNT, columns, x, t * columns, sums);
        out[t * w.rows() + r] = Lane.sum(sums, 0);
      }
    }
  }

  /**
   * Half of the lanes, from weights in pairs; with all sixteen sums HotSpot runs out of registers.
   */
  private static void eightLanes(int[] pairs, int from, int n, float[] x, int at, float[] sums) {
    float s0 = 0f;
    float s1 = 0f;
    float s2 = 0f;
    float s3 = 0f;
    float s4 = 0f;
    float s5 = 0f;
    float s6 = 0f;
    float s7 = 0f;
    for (int k = from; k < n; k += Lane.PERIOD) {
      int i = k >> 1;
      int j = at + k;
      s0 = Math.fma(odd(pairs[i]), x[j + 1], Math.fma(even(pairs[i]), x[j], s0));
      s1 = Math.fma(odd(pairs[i + 1]), x[j + 3], Math.fma(even(pairs[i + 1]), x[j + 2], s1));
      s2 = Math.fma(odd(pairs[i + 2]), x[j + 5], Math.fma(even(pairs[i + 2]), x[j + 4], s2));
      s3 = Math.fma(odd(pairs[i + 3]), x[j + 7], Math.fma(even(pairs[i + 3]), x[j + 6], s3));
      s4 = Math.fma(odd(pairs[i + 4]), x[j + 9], Math.fma(even(pairs[i + 4]), x[j + 8], s4));
      s5 = Math.fma(odd(pairs[i + 5]), x[j + 11], Math.fma(even(pairs[i + 5]), x[j + 10], s5));
      s6 = Math.fma(odd(pairs[i + 6]), x[j + 13], Math.fma(even(pairs[i + 6]), x[j + 12], s6));
      s7 = Math.fma(odd(pairs[i + 7]), x[j + 15], Math.fma(even(pairs[i + 7]), x[j + 14], s7));
    }
    int lane = from / 2;
    sums[lane] = s0;
    sums[lane + 1] = s1;
    sums[lane + 2] = s2;
    sums[lane + 3] = s3;
    sums[lane + 4] = s4;
    sums[lane + 5] = s5;
    sums[lane + 6] = s6;
    sums[lane + 7] = s7;
  }

  private static float even(int pair) {
    return Float.intBitsToFloat(pair << 16);
  }

  private static float odd(int pair) {
    return Float.intBitsToFloat(pair & 0xffff0000);
  }

  private void panel(
      CpuMatrix w, int firstRow, int rows, float[] x, int tokens, float[] out, Scratch scratch) {
    int columns = w.columns();
    float[][] panel = scratch.turned(columns, ROWS);
    float[] row = scratch.panel(columns);
    for (int r = 0; r < rows; r++) {
      primitives.widen(w, firstRow + r, row, 0);
      for (int k = 0; k < columns; k++) {
        panel[k][r] = row[k];
      }
    }
    float[][] sums = scratch.laneSums(Lane.COUNT, ROWS);
    for (int t = 0; t < tokens; t++) {
      for (int lane = 0; lane < Lane.COUNT; lane++) {
        lane(panel, columns, x, t * columns, lane, sums[lane]);
      }
      total(sums);
      System.arraycopy(sums[0], 0, out, t * w.rows() + firstRow, rows);
    }
  }

  /** The sums of one lane: eight products at a time, in the order of k. */
  private static void lane(
      float[][] panel, int columns, float[] x, int at, int lane, float[] sums) {
    Arrays.fill(sums, 0f);
    int k = 2 * lane;
    for (; k + 3 * Lane.PERIOD + 1 < columns; k += 4 * Lane.PERIOD) {
      ScalarSums.addEight(panel, k, Lane.PERIOD, x, at + k, sums, ROWS);
    }
    for (; k < columns; k += Lane.PERIOD) {
      ScalarSums.addOne(panel[k], x[at + k], sums, ROWS);
      if (k + 1 < columns) {
        ScalarSums.addOne(panel[k + 1], x[at + k + 1], sums, ROWS);
      }
    }
  }

  /** The tree of {@link Lane}, for all rows. */
  private static void total(float[][] sums) {
    for (int distance = Lane.COUNT / 2; distance > 0; distance /= 2) {
      for (int lane = 0; lane < distance; lane++) {
        add(sums[lane], sums[lane + distance]);
      }
    }
  }

  private static void add(float[] a, float[] b) {
    for (int r = 0; r < ROWS; r++) {
      a[r] += b[r];
    }
  }
}
