package io.github.nextclass.engine.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Dot products of weight rows with a few tokens: decode. Vectors lie along k, one sum for each pair
 * of row and token, so that weights stream through once in the order in which they lie in the file.
 * Four rows together keep four independent sums in flight.
 *
 * <p>Inputs are packed as the weights come out of {@link Widen}: of each 32 floats first the even,
 * then the odd.
 */
final class RowKernel {
  static final int ROWS = 4;
  static final int TOKENS = 4;

  private static final int WIDTH = Lanes.WIDTH;

  private RowKernel() {}

  /** Tokens that there is room for when so many are packed. */
  static int room(int tokens) {
    return (tokens + TOKENS - 1) / TOKENS * TOKENS;
  }

  static void packToken(float[] x, int columns, int token, float[] packed) {
    int from = token * columns;
    int to = token * columns;
    for (int block = 0; block < columns; block += Lane.PERIOD) {
      for (int i = 0; i < Lane.COUNT; i++) {
        packed[to + block + i] = x[from + block + 2 * i];
        packed[to + block + Lane.COUNT + i] = x[from + block + 2 * i + 1];
      }
    }
  }

  /**
   * One token, bf16, straight from the mapping. The four rows are a quarter of the range apart, so
   * that the prefetcher sees four long streams: neighbours reached 23 GB/s where this reaches 33,
   * at rows of 2 KB.
   */
  static void runOne(CpuWeight w, int from, int to, float[] x, float[] out, Scratch scratch) {
    float[] sums = scratch.sums(ROWS * Lane.COUNT);
    int quarter = (to - from + ROWS - 1) / ROWS;
    int last = to - 1;
    for (int r = from; r < from + quarter; r++) {
      for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
        dot4(
            w.segment(),
            w.rowOffsetBytes(r),
            w.rowOffsetBytes(Math.min(r + quarter, last)),
            w.rowOffsetBytes(Math.min(r + 2 * quarter, last)),
            w.rowOffsetBytes(Math.min(r + 3 * quarter, last)),
            x,
            w.columns(),
            sums,
            lane);
      }
      for (int i = 0; i < ROWS; i++) {
        out[Math.min(r + i * quarter, last)] = Lane.sum(sums, i * Lane.COUNT);
      }
    }
  }

  private static void dot4(
      MemorySegment w,
      long row0,
      long row1,
      long row2,
      long row3,
      float[] x,
      int n,
      float[] sums,
      int lane) {
    FloatVector s0 = FloatVector.zero(Lanes.F32);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    for (int block = lane; block < n; block += Lane.PERIOD) {
      FloatVector even = FloatVector.fromArray(Lanes.F32, x, block);
      FloatVector odd = FloatVector.fromArray(Lanes.F32, x, block + Lane.COUNT);
      long at = 2L * block + 2L * lane; // 2 bytes a weight, 2 weights a lane
      IntVector w0 = IntVector.fromMemorySegment(Lanes.I32, w, row0 + at, LITTLE_ENDIAN);
      IntVector w1 = IntVector.fromMemorySegment(Lanes.I32, w, row1 + at, LITTLE_ENDIAN);
      IntVector w2 = IntVector.fromMemorySegment(Lanes.I32, w, row2 + at, LITTLE_ENDIAN);
      IntVector w3 = IntVector.fromMemorySegment(Lanes.I32, w, row3 + at, LITTLE_ENDIAN);
      s0 = Widen.oddBf16(w0).fma(odd, Widen.evenBf16(w0).fma(even, s0));
      s1 = Widen.oddBf16(w1).fma(odd, Widen.evenBf16(w1).fma(even, s1));
      s2 = Widen.oddBf16(w2).fma(odd, Widen.evenBf16(w2).fma(even, s2));
      s3 = Widen.oddBf16(w3).fma(odd, Widen.evenBf16(w3).fma(even, s3));
    }
    s0.intoArray(sums, lane);
    s1.intoArray(sums, Lane.COUNT + lane);
    s2.intoArray(sums, 2 * Lane.COUNT + lane);
    s3.intoArray(sums, 3 * Lane.COUNT + lane);
  }

  /**
   * A few tokens, any type: rows are widened four at a time and stay in cache while the tokens
   * pass.
   */
  static void run(
      CpuMatrix w, int from, int to, float[] x, int tokens, float[] out, Scratch scratch) {
    int columns = w.columns();
    float[] panel = scratch.panel(ROWS * columns);
    float[] sums = scratch.sums(TOKENS * ROWS * Lane.COUNT);
    for (int r = from; r < to; r += ROWS) {
      int rows = Math.min(ROWS, to - r);
      for (int i = 0; i < rows; i++) {
        Widen.row(w, r + i, panel, i * columns);
      }
      if (tokens == 1) {
        for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
          dot4x1(panel, x, columns, sums, lane);
        }
        for (int i = 0; i < rows; i++) {
          out[r + i] = Lane.sum(sums, i * Lane.COUNT);
        }
        continue;
      }
      for (int t = 0; t < tokens; t += TOKENS) {
        for (int i = 0; i < ROWS; i += 2) {
          for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
            dot2x4(
                panel, i * columns, x, t * columns, columns, sums, i * TOKENS * Lane.COUNT, lane);
          }
        }
        for (int i = 0; i < rows; i++) {
          for (int j = 0; j < Math.min(TOKENS, tokens - t); j++) {
            out[(t + j) * w.rows() + r + i] = Lane.sum(sums, (i * TOKENS + j) * Lane.COUNT);
          }
        }
      }
    }
  }

  /** Four rows by one token. */
  private static void dot4x1(float[] panel, float[] x, int n, float[] sums, int lane) {
    FloatVector s0 = FloatVector.zero(Lanes.F32);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    for (int i = lane; i < n; i += Lane.COUNT) { // even and odd halves in turn
      FloatVector v = FloatVector.fromArray(Lanes.F32, x, i);
      s0 = FloatVector.fromArray(Lanes.F32, panel, i).fma(v, s0);
      s1 = FloatVector.fromArray(Lanes.F32, panel, n + i).fma(v, s1);
      s2 = FloatVector.fromArray(Lanes.F32, panel, 2 * n + i).fma(v, s2);
      s3 = FloatVector.fromArray(Lanes.F32, panel, 3 * n + i).fma(v, s3);
    }
    s0.intoArray(sums, lane);
    s1.intoArray(sums, Lane.COUNT + lane);
    s2.intoArray(sums, 2 * Lane.COUNT + lane);
    s3.intoArray(sums, 3 * Lane.COUNT + lane);
  }

  /** Two rows by four tokens. */
  private static void dot2x4(
      float[] panel, int row, float[] x, int xOffset, int n, float[] sums, int sum, int lane) {
    FloatVector s00 = FloatVector.zero(Lanes.F32);
    FloatVector s01 = s00;
    FloatVector s02 = s00;
    FloatVector s03 = s00;
    FloatVector s10 = s00;
    FloatVector s11 = s00;
    FloatVector s12 = s00;
    FloatVector s13 = s00;
    for (int i = lane; i < n; i += Lane.COUNT) { // even and odd halves in turn
      FloatVector w0 = FloatVector.fromArray(Lanes.F32, panel, row + i);
      FloatVector w1 = FloatVector.fromArray(Lanes.F32, panel, row + n + i);
      FloatVector x0 = FloatVector.fromArray(Lanes.F32, x, xOffset + i);
      s00 = w0.fma(x0, s00);
      s10 = w1.fma(x0, s10);
      FloatVector x1 = FloatVector.fromArray(Lanes.F32, x, xOffset + n + i);
      s01 = w0.fma(x1, s01);
      s11 = w1.fma(x1, s11);
      FloatVector x2 = FloatVector.fromArray(Lanes.F32, x, xOffset + 2 * n + i);
      s02 = w0.fma(x2, s02);
      s12 = w1.fma(x2, s12);
      FloatVector x3 = FloatVector.fromArray(Lanes.F32, x, xOffset + 3 * n + i);
      s03 = w0.fma(x3, s03);
      s13 = w1.fma(x3, s13);
    }
    s00.intoArray(sums, sum + lane);
    s01.intoArray(sums, sum + Lane.COUNT + lane);
    s02.intoArray(sums, sum + 2 * Lane.COUNT + lane);
    s03.intoArray(sums, sum + 3 * Lane.COUNT + lane);
    s10.intoArray(sums, sum + 4 * Lane.COUNT + lane);
    s11.intoArray(sums, sum + 5 * Lane.COUNT + lane);
    s12.intoArray(sums, sum + 6 * Lane.COUNT + lane);
    s13.intoArray(sums, sum + 7 * Lane.COUNT + lane);
  }
}
