package io.github.nextclass.engine.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * Dot products of weight rows with a few tokens, any type: rows are widened to floats, four at a
 * time, and stay in cache while the tokens pass. Vectors lie along k, one sum for each pair of row
 * and token; with more than a token they are eight, or sixteen where there are registers for them.
 * {@link Bf16RowKernel} does the same for bf16 as it lies in the file.
 *
 * <p>Two tokens are packed together, as the weights come out of {@link Widen} and as the loops read
 * them, from the beginning to the end. The 16 lanes of {@link Lane} are one or more vectors, with a
 * pass for each:
 *
 * <pre>
 *   [pair of tokens][vector of lanes][period]   even k of a, even k of b, odd k of a, odd k of b
 *
 *   one token alone   [vector of lanes][period]   even k, odd k
 * </pre>
 */
final class RowKernel {
  static final int ROWS = 4;
  static final int TOKENS = 4;

  /** Two tokens of a vector of lanes, even and odd. */
  static final int PAIR_PERIOD = 4 * Lanes.WIDTH;

  /**
   * Where the totals of a tile stand, behind its sums: a row of {@link #TOKENS} after the other.
   */
  static final int TOTALS = ROWS * TOKENS * Lane.COUNT;

  private static final int WIDTH = Lanes.WIDTH;

  private RowKernel() {}

  /** Tokens that there is room for when so many are packed. */
  static int room(int tokens) {
    return (tokens + TOKENS - 1) / TOKENS * TOKENS;
  }

  /** Packs a token; what stands in place of a pair's missing second is of no account. */
  static void packToken(float[] x, int tokens, int columns, int token, float[] packed) {
    int together = tokens == 1 ? 1 : 2;
    int first = token / together * together * columns + token % together * WIDTH;
    int odd = together * WIDTH;
    for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
      int to = first + lane * columns / Lane.COUNT * together;
      for (int k = token * columns + 2 * lane; k < (token + 1) * columns; k += Lane.PERIOD) {
        for (int i = 0; i < WIDTH; i++) {
          packed[to + i] = x[k + 2 * i];
          packed[to + odd + i] = x[k + 2 * i + 1];
        }
        to += 2 * odd;
      }
    }
  }

  /** One or a few tokens. */
  static void run(
      CpuMatrix w, int from, int to, float[] x, int tokens, float[] out, Scratch scratch) {
    int columns = w.columns();
    int periods = columns / Lane.PERIOD;
    float[] panel = scratch.panel(ROWS * columns);
    float[] sums = scratch.sums((ROWS * TOKENS + 1) * Lane.COUNT);
    for (int r = from; r < to; r += ROWS) {
      int rows = Math.min(ROWS, to - r);
      for (int i = 0; i < rows; i++) {
        Widen.row(w, r + i, panel, i * columns);
      }
      if (tokens == 1) {
        for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
          floats4x1(panel, lane, columns, x, lane * columns / Lane.COUNT, periods, sums);
        }
        for (int i = 0; i < rows; i++) {
          out[r + i] = Lane.sum(sums, i * Lane.COUNT);
        }
        continue;
      }
      for (int t = 0; t < tokens; t += TOKENS) {
        for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
          int at = t * columns + 2 * lane * columns / Lane.COUNT;
          int toNext = lane + 2 * Lane.COUNT;
          if (Lanes.MANY_REGISTERS) {
            floats4x4(panel, lane, columns, x, at, periods, sums);
          } else {
            floats4x2(panel, lane, columns, x, at, periods, sums, lane);
            floats4x2(panel, lane, columns, x, at + 2 * columns, periods, sums, toNext);
          }
        }
        Sums.sixteen(sums, TOTALS);
        for (int i = 0; i < rows; i++) {
          for (int j = 0; j < Math.min(TOKENS, tokens - t); j++) {
            out[(t + j) * w.rows() + r + i] = sums[TOTALS + i * TOKENS + j];
          }
        }
      }
    }
  }

  /** Four rows of floats by one token. */
  private static void floats4x1(
      float[] panel, int lane, int n, float[] x, int at, int periods, float[] sums) {
    FloatVector s0 = FloatVector.zero(Lanes.F32);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    for (int step = 0; step < 2 * periods; step++) { // even and odd halves in turn
      FloatVector v = FloatVector.fromArray(Lanes.F32, x, at + step * WIDTH);
      int i = lane + step * Lane.COUNT;
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

  /** Four rows of floats by four tokens: 16 sums. */
  private static void floats4x4(
      float[] panel, int lane, int n, float[] x, int at, int periods, float[] sums) {
    FloatVector a0 = FloatVector.zero(Lanes.F32);
    FloatVector b0 = a0;
    FloatVector c0 = a0;
    FloatVector d0 = a0;
    FloatVector a1 = a0;
    FloatVector b1 = a0;
    FloatVector c1 = a0;
    FloatVector d1 = a0;
    FloatVector a2 = a0;
    FloatVector b2 = a0;
    FloatVector c2 = a0;
    FloatVector d2 = a0;
    FloatVector a3 = a0;
    FloatVector b3 = a0;
    FloatVector c3 = a0;
    FloatVector d3 = a0;
    for (int step = 0; step < 2 * periods; step++) { // even and odd halves in turn
      int i = lane + step * Lane.COUNT;
      FloatVector w0 = FloatVector.fromArray(Lanes.F32, panel, i);
      FloatVector w1 = FloatVector.fromArray(Lanes.F32, panel, n + i);
      FloatVector w2 = FloatVector.fromArray(Lanes.F32, panel, 2 * n + i);
      FloatVector w3 = FloatVector.fromArray(Lanes.F32, panel, 3 * n + i);
      int first = at + step * 2 * WIDTH;
      int second = first + 2 * n;
      FloatVector xa = FloatVector.fromArray(Lanes.F32, x, first);
      a0 = w0.fma(xa, a0);
      a1 = w1.fma(xa, a1);
      a2 = w2.fma(xa, a2);
      a3 = w3.fma(xa, a3);
      FloatVector xb = FloatVector.fromArray(Lanes.F32, x, first + WIDTH);
      b0 = w0.fma(xb, b0);
      b1 = w1.fma(xb, b1);
      b2 = w2.fma(xb, b2);
      b3 = w3.fma(xb, b3);
      FloatVector xc = FloatVector.fromArray(Lanes.F32, x, second);
      c0 = w0.fma(xc, c0);
      c1 = w1.fma(xc, c1);
      c2 = w2.fma(xc, c2);
      c3 = w3.fma(xc, c3);
      FloatVector xd = FloatVector.fromArray(Lanes.F32, x, second + WIDTH);
      d0 = w0.fma(xd, d0);
      d1 = w1.fma(xd, d1);
      d2 = w2.fma(xd, d2);
      d3 = w3.fma(xd, d3);
    }
    a0.intoArray(sums, lane);
    b0.intoArray(sums, Lane.COUNT + lane);
    c0.intoArray(sums, 2 * Lane.COUNT + lane);
    d0.intoArray(sums, 3 * Lane.COUNT + lane);
    a1.intoArray(sums, 4 * Lane.COUNT + lane);
    b1.intoArray(sums, 5 * Lane.COUNT + lane);
    c1.intoArray(sums, 6 * Lane.COUNT + lane);
    d1.intoArray(sums, 7 * Lane.COUNT + lane);
    a2.intoArray(sums, 8 * Lane.COUNT + lane);
    b2.intoArray(sums, 9 * Lane.COUNT + lane);
    c2.intoArray(sums, 10 * Lane.COUNT + lane);
    d2.intoArray(sums, 11 * Lane.COUNT + lane);
    a3.intoArray(sums, 12 * Lane.COUNT + lane);
    b3.intoArray(sums, 13 * Lane.COUNT + lane);
    c3.intoArray(sums, 14 * Lane.COUNT + lane);
    d3.intoArray(sums, 15 * Lane.COUNT + lane);
  }

  /** Four rows of floats by two tokens: 8 sums. */
  private static void floats4x2(
      float[] panel, int row, int n, float[] x, int at, int periods, float[] sums, int to) {
    FloatVector a0 = FloatVector.zero(Lanes.F32);
    FloatVector b0 = a0;
    FloatVector a1 = a0;
    FloatVector b1 = a0;
    FloatVector a2 = a0;
    FloatVector b2 = a0;
    FloatVector a3 = a0;
    FloatVector b3 = a0;
    for (int period = 0; period < periods; period++) {
      FloatVector w0 = FloatVector.fromArray(Lanes.F32, panel, row);
      FloatVector w1 = FloatVector.fromArray(Lanes.F32, panel, row + n);
      FloatVector w2 = FloatVector.fromArray(Lanes.F32, panel, row + 2 * n);
      FloatVector w3 = FloatVector.fromArray(Lanes.F32, panel, row + 3 * n);
      FloatVector v = FloatVector.fromArray(Lanes.F32, x, at);
      a0 = w0.fma(v, a0);
      a1 = w1.fma(v, a1);
      a2 = w2.fma(v, a2);
      a3 = w3.fma(v, a3);
      v = FloatVector.fromArray(Lanes.F32, x, at + WIDTH);
      b0 = w0.fma(v, b0);
      b1 = w1.fma(v, b1);
      b2 = w2.fma(v, b2);
      b3 = w3.fma(v, b3);
      w0 = FloatVector.fromArray(Lanes.F32, panel, row + Lane.COUNT);
      w1 = FloatVector.fromArray(Lanes.F32, panel, row + n + Lane.COUNT);
      w2 = FloatVector.fromArray(Lanes.F32, panel, row + 2 * n + Lane.COUNT);
      w3 = FloatVector.fromArray(Lanes.F32, panel, row + 3 * n + Lane.COUNT);
      v = FloatVector.fromArray(Lanes.F32, x, at + 2 * WIDTH);
      a0 = w0.fma(v, a0);
      a1 = w1.fma(v, a1);
      a2 = w2.fma(v, a2);
      a3 = w3.fma(v, a3);
      v = FloatVector.fromArray(Lanes.F32, x, at + 3 * WIDTH);
      b0 = w0.fma(v, b0);
      b1 = w1.fma(v, b1);
      b2 = w2.fma(v, b2);
      b3 = w3.fma(v, b3);
      row += Lane.PERIOD;
      at += PAIR_PERIOD;
    }
    a0.intoArray(sums, to);
    b0.intoArray(sums, to + Lane.COUNT);
    a1.intoArray(sums, to + 4 * Lane.COUNT);
    b1.intoArray(sums, to + 5 * Lane.COUNT);
    a2.intoArray(sums, to + 8 * Lane.COUNT);
    b2.intoArray(sums, to + 9 * Lane.COUNT);
    a3.intoArray(sums, to + 12 * Lane.COUNT);
    b3.intoArray(sums, to + 13 * Lane.COUNT);
  }
}
