package io.github.nextclass.engine.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * Products of weight rows with many tokens: prefill. Vectors lie along the tokens, weights are
 * broadcast, so there is no horizontal sum and the loop is almost nothing but multiply-adds. A tile
 * is 8 rows by two vectors of tokens: 16 sums that stay in registers.
 *
 * <p>To keep the order of {@link Lane}, k is walked lane by lane: a <em>phase</em> adds up one
 * lane, and the 16 results are added in the tree's order. Weights and inputs are packed so that a
 * phase reads forward:
 *
 * <pre>
 *   k                 0 1 | 2 3 | ... | 30 31 | 32 33 | 34 35 | ...
 *   phase of lane 0   0 1                       32 33                then 64 65, 96 97, ...
 *
 *   weights  [phase][step][8 rows]               one broadcast a row and step
 *   inputs   [tile][phase][step][tokens]         two vectors a step         step = 0 .. columns / 16
 *
 *   phases in the order 0 8 4 12 2 10 6 14 1 9 5 13 3 11 7 15: bits of the lane reversed, so that
 *   neighbours in time are neighbours in the tree, and a sum waits for its sibling as in a binary counter
 * </pre>
 */
final class MatrixKernel {
  static final int ROWS = 8;
  static final int TOKENS = 2 * Lanes.WIDTH;

  private static final int TILE = ROWS * TOKENS;
  private static final int LEVELS = 5; // of the tree: 16 sums, then 8, 4, 2, 1
  private static final int WIDTH = Lanes.WIDTH;

  private MatrixKernel() {}

  private static int phaseOf(int lane) {
    return Integer.reverse(lane) >>> 28; // 4 bits
  }

  static void packToken(float[] x, int t, int columns, float[] packed) {
    int steps = columns / Lane.COUNT;
    int tile = t / TOKENS * TOKENS * columns + t % TOKENS;
    for (int lane = 0; lane < Lane.COUNT; lane++) {
      int to = tile + phaseOf(lane) * steps * TOKENS;
      for (int k = 2 * lane; k < columns; k += Lane.PERIOD) {
        packed[to] = x[t * columns + k];
        packed[to + TOKENS] = x[t * columns + k + 1];
        to += 2 * TOKENS;
      }
    }
  }

  static void run(
      CpuWeight w,
      int from,
      int to,
      float[] packed,
      int tiles,
      int tokens,
      float[] out,
      Scratch scratch) {
    int columns = w.columns();
    float[] panel = scratch.panel((ROWS + 1) * columns);
    float[] sums = scratch.sums((LEVELS + 1) * TILE);
    for (int r = from; r < to; r += ROWS) {
      int rows = Math.min(ROWS, to - r);
      for (int i = 0; i < rows; i++) {
        packRow(w, r + i, i, panel);
      }
      for (int tile = 0; tile < tiles; tile++) {
        tile(panel, packed, tile * TOKENS * columns, columns / Lane.COUNT, sums);
        for (int t = tile * TOKENS; t < Math.min(tokens, (tile + 1) * TOKENS); t++) {
          for (int i = 0; i < rows; i++) {
            out[t * w.rows() + r + i] = sums[(LEVELS - 1) * TILE + i * TOKENS + t % TOKENS];
          }
        }
      }
    }
  }

  private static void packRow(CpuWeight w, int row, int i, float[] panel) {
    int columns = w.columns();
    int steps = columns / Lane.COUNT;
    int widened =
        ROWS * columns; // the last row of the panel holds the floats in the order of Widen
    Widen.row(w, row, panel, widened);
    for (int lane = 0; lane < Lane.COUNT; lane++) {
      int to = phaseOf(lane) * steps * ROWS + i;
      for (int step = 0; step < steps; step++) {
        panel[to + step * ROWS] = panel[widened + step * Lane.COUNT + lane];
      }
    }
  }

  /**
   * One tile: sixteen phases, added up like a binary counter. Level l of {@code sums} holds a sum
   * of 2^l lanes.
   */
  private static void tile(float[] panel, float[] packed, int at, int steps, float[] sums) {
    int fresh = LEVELS * TILE;
    for (int phase = 0; phase < Lane.COUNT; phase++) {
      phase(panel, phase * steps * ROWS, packed, at + phase * steps * TOKENS, steps, sums, fresh);
      int level = Integer.numberOfTrailingZeros(phase + 1);
      carry(sums, fresh, level);
    }
  }

  /**
   * Adds the waiting sums of the levels below to the fresh one, and leaves it waiting at a level.
   */
  private static void carry(float[] sums, int fresh, int level) {
    for (int i = 0; i < TILE; i += WIDTH) {
      FloatVector sum = FloatVector.fromArray(Lanes.F32, sums, fresh + i);
      for (int l = 0; l < level; l++) {
        sum = FloatVector.fromArray(Lanes.F32, sums, l * TILE + i).add(sum);
      }
      sum.intoArray(sums, level * TILE + i);
    }
  }

  /** The hot loop: one lane of 8 rows by two vectors of tokens. */
  private static void phase(
      float[] panel, int w, float[] packed, int x, int steps, float[] sums, int to) {
    FloatVector a0 = FloatVector.zero(Lanes.F32);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector a4 = a0;
    FloatVector a5 = a0;
    FloatVector a6 = a0;
    FloatVector a7 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    FloatVector b4 = a0;
    FloatVector b5 = a0;
    FloatVector b6 = a0;
    FloatVector b7 = a0;
    for (int step = 0; step < steps; step++) {
      FloatVector xa = FloatVector.fromArray(Lanes.F32, packed, x);
      FloatVector xb = FloatVector.fromArray(Lanes.F32, packed, x + WIDTH);
      FloatVector w0 = FloatVector.broadcast(Lanes.F32, panel[w]);
      a0 = w0.fma(xa, a0);
      b0 = w0.fma(xb, b0);
      FloatVector w1 = FloatVector.broadcast(Lanes.F32, panel[w + 1]);
      a1 = w1.fma(xa, a1);
      b1 = w1.fma(xb, b1);
      FloatVector w2 = FloatVector.broadcast(Lanes.F32, panel[w + 2]);
      a2 = w2.fma(xa, a2);
      b2 = w2.fma(xb, b2);
      FloatVector w3 = FloatVector.broadcast(Lanes.F32, panel[w + 3]);
      a3 = w3.fma(xa, a3);
      b3 = w3.fma(xb, b3);
      FloatVector w4 = FloatVector.broadcast(Lanes.F32, panel[w + 4]);
      a4 = w4.fma(xa, a4);
      b4 = w4.fma(xb, b4);
      FloatVector w5 = FloatVector.broadcast(Lanes.F32, panel[w + 5]);
      a5 = w5.fma(xa, a5);
      b5 = w5.fma(xb, b5);
      FloatVector w6 = FloatVector.broadcast(Lanes.F32, panel[w + 6]);
      a6 = w6.fma(xa, a6);
      b6 = w6.fma(xb, b6);
      FloatVector w7 = FloatVector.broadcast(Lanes.F32, panel[w + 7]);
      a7 = w7.fma(xa, a7);
      b7 = w7.fma(xb, b7);
      w += ROWS;
      x += TOKENS;
    }
    store(a0, b0, sums, to);
    store(a1, b1, sums, to + TOKENS);
    store(a2, b2, sums, to + 2 * TOKENS);
    store(a3, b3, sums, to + 3 * TOKENS);
    store(a4, b4, sums, to + 4 * TOKENS);
    store(a5, b5, sums, to + 5 * TOKENS);
    store(a6, b6, sums, to + 6 * TOKENS);
    store(a7, b7, sums, to + 7 * TOKENS);
  }

  private static void store(FloatVector a, FloatVector b, float[] sums, int to) {
    a.intoArray(sums, to);
    b.intoArray(sums, to + WIDTH);
  }
}
