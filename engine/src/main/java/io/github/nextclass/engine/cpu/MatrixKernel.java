package io.github.nextclass.engine.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

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

  // Squares of 4 x 4 are turned in registers, whatever the vector width.
  private static final VectorSpecies<Float> S4 = FloatVector.SPECIES_128;
  private static final VectorShuffle<Float> SWAP_PAIRS = VectorShuffle.fromOp(S4, i -> i ^ 2);
  private static final VectorShuffle<Float> SWAP = VectorShuffle.fromOp(S4, i -> i ^ 1);
  private static final VectorMask<Float> UPPER = VectorMask.fromLong(S4, 0b1100);
  private static final VectorMask<Float> ODD = VectorMask.fromLong(S4, 0b1010);

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
    float[] panel = scratch.panel(2 * ROWS * columns);
    float[] sums = scratch.sums((LEVELS + 1) * TILE);
    for (int r = from; r < to; r += ROWS) {
      int rows = Math.min(ROWS, to - r);
      packPanel(w, r, rows, panel);
      for (int tile = 0; tile < tiles; tile++) {
        tile(panel, packed, tile * TOKENS * columns, columns / Lane.COUNT, sums);
        int valid = Math.min(TOKENS, tokens - tile * TOKENS);
        unpack(sums, rows, valid, out, tile * TOKENS * w.rows() + r, w.rows());
      }
    }
  }

  /** From the tile, tokens side by side, to the output, rows side by side. */
  private static void unpack(float[] sums, int rows, int tokens, float[] out, int at, int stride) {
    int total = (LEVELS - 1) * TILE;
    int whole = rows == ROWS ? tokens - tokens % 4 : 0;
    for (int t = 0; t < whole; t += 4) {
      int to = at + t * stride;
      for (int i = 0; i < ROWS; i += 4) {
        int from = total + i * TOKENS + t;
        turn(
            sums,
            from,
            TOKENS,
            out,
            to + i,
            to + i + stride,
            to + i + 2 * stride,
            to + i + 3 * stride);
      }
    }
    for (int t = whole; t < tokens; t++) {
      for (int i = 0; i < rows; i++) {
        out[at + t * stride + i] = sums[total + i * TOKENS + t];
      }
    }
  }

  /**
   * Eight rows, widened and turned square by square; scalar code here took 10 % of a prefill of 256
   * tokens.
   */
  private static void packPanel(CpuWeight w, int row, int rows, float[] panel) {
    int columns = w.columns();
    int widened = ROWS * columns; // behind the packed form
    for (int i = 0; i < rows; i++) {
      Widen.row(w, row + i, panel, widened + i * columns);
    }
    int phase = columns / Lane.COUNT * ROWS;
    for (int lane = 0; lane < Lane.COUNT; lane += 4) {
      int to0 = phaseOf(lane) * phase;
      int to1 = phaseOf(lane + 1) * phase;
      int to2 = phaseOf(lane + 2) * phase;
      int to3 = phaseOf(lane + 3) * phase;
      for (int step = 0; step < columns / Lane.COUNT; step++) {
        int at = widened + step * Lane.COUNT + lane;
        int to = step * ROWS;
        turn(panel, at, columns, panel, to0 + to, to1 + to, to2 + to, to3 + to);
        turn(
            panel,
            at + 4 * columns,
            columns,
            panel,
            to0 + to + 4,
            to1 + to + 4,
            to2 + to + 4,
            to3 + to + 4);
      }
    }
  }

  /** Turns a square: four rows of four columns become four columns of four rows. */
  private static void turn(
      float[] m, int from, int stride, float[] out, int to0, int to1, int to2, int to3) {
    FloatVector r0 = FloatVector.fromArray(S4, m, from);
    FloatVector r1 = FloatVector.fromArray(S4, m, from + stride);
    FloatVector r2 = FloatVector.fromArray(S4, m, from + 2 * stride);
    FloatVector r3 = FloatVector.fromArray(S4, m, from + 3 * stride);
    FloatVector s0 = r0.blend(r2.rearrange(SWAP_PAIRS), UPPER);
    FloatVector s1 = r1.blend(r3.rearrange(SWAP_PAIRS), UPPER);
    FloatVector s2 = r0.rearrange(SWAP_PAIRS).blend(r2, UPPER);
    FloatVector s3 = r1.rearrange(SWAP_PAIRS).blend(r3, UPPER);
    s0.blend(s1.rearrange(SWAP), ODD).intoArray(out, to0);
    s0.rearrange(SWAP).blend(s1, ODD).intoArray(out, to1);
    s2.blend(s3.rearrange(SWAP), ODD).intoArray(out, to2);
    s2.rearrange(SWAP).blend(s3, ODD).intoArray(out, to3);
  }

  /**
   * One tile: sixteen phases, added up like a binary counter. Level l of {@code sums} holds a sum
   * of 2^l lanes.
   */
  private static void tile(float[] panel, float[] packed, int at, int steps, float[] sums) {
    int fresh = LEVELS * TILE;
    for (int phase = 0; phase < Lane.COUNT; phase++) {
      int level = Integer.numberOfTrailingZeros(phase + 1);
      phase(
          panel,
          phase * steps * ROWS,
          packed,
          at + phase * steps * TOKENS,
          steps,
          sums,
          level == 0 ? 0 : fresh);
      if (level > 0) {
        carry(sums, fresh, level);
      }
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
