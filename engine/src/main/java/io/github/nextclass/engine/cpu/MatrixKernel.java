package io.github.nextclass.engine.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * Products of weight rows with many tokens: prefill. Vectors lie along the rows, inputs are
 * broadcast, so there is no horizontal sum, results come out as they are stored, and the loop is
 * almost nothing but multiply-adds. A tile is two vectors of rows by 8 tokens: 16 sums that stay in
 * registers.
 *
 * <p>To keep the order of {@link Lane}, k is walked lane by lane: a <em>phase</em> adds up one
 * lane, and the 16 results are added in the tree's order. Weights and inputs are packed so that a
 * phase reads forward:
 *
 * <pre>
 *   k                 0 1 | 2 3 | ... | 30 31 | 32 33 | 34 35 | ...
 *   phase of lane 0   0 1                       32 33                then 64 65, 96 97, ...
 *
 *   weights  [phase][step][rows]             two vectors a step         {@link Panel}
 *   inputs   [tile][phase][step][8 tokens]   one broadcast a token and step
 *                                            step = 0 .. columns / 16
 *
 *   phases in the order 0 8 4 12 2 10 6 14 1 9 5 13 3 11 7 15: bits of the lane reversed, so that
 *   neighbours in time are neighbours in the tree, and a sum waits for its sibling as in a binary counter
 * </pre>
 *
 * <p>A phase of the weights, 8 KB at 1,024 columns, stays in the first cache for four tiles.
 */
final class MatrixKernel {
  static final int TOKENS = 8;

  private static final int WIDTH = Lanes.WIDTH;
  private static final int ROWS = Panel.ROWS;
  private static final int TILE = ROWS * TOKENS;
  private static final int TILES_TOGETHER = 4;

  private static final int LEVELS = 4; // of the tree below its root: sums of 1, 2, 4 and 8 lanes
  private static final int FRESH = LEVELS * TILE;
  private static final int SUMS = (LEVELS + 1) * TILE;

  /** Floats between phases: else they would all compete for the same few sets of the cache. */
  private static final int PAD = 16;

  private MatrixKernel() {}

  /** Floats from one phase to the next, where a step has {@code width} of them. */
  static int phaseStride(int columns, int width) {
    return columns / Lane.COUNT * width + PAD;
  }

  /** Where the phase of a lane begins. */
  static int phaseOffset(int lane, int columns, int width) {
    int phase = Integer.reverse(lane) >>> 28; // 4 bits
    return phase * phaseStride(columns, width);
  }

  /** Floats of a packed tile of inputs. */
  static int tileLength(int columns) {
    return Lane.COUNT * phaseStride(columns, TOKENS);
  }

  static int tiles(int tokens) {
    return (tokens + TOKENS - 1) / TOKENS;
  }

  /** Packs the inputs of one tile; what stands for tokens behind the last one is of no account. */
  static void packTile(float[] x, int tokens, int columns, int tile, float[] packed) {
    int first = tile * TOKENS;
    int count = Math.min(TOKENS, tokens - first);
    for (int block = 0; block < columns; block += Lane.PERIOD) {
      int at = tile * tileLength(columns) + block / Lane.COUNT * TOKENS;
      for (int lane = 0; lane < Lane.COUNT; lane += 2) {
        int to = at + phaseOffset(lane, columns, TOKENS);
        int next = at + phaseOffset(lane + 1, columns, TOKENS);
        int from = first * columns + block + 2 * lane;
        int t = 0;
        for (; t <= count - 4; t += 4) {
          Turn.square4(
              x,
              from + t * columns,
              columns,
              packed,
              to + t,
              to + t + TOKENS,
              next + t,
              next + t + TOKENS);
        }
        for (; t < count; t++) {
          packed[to + t] = x[from + t * columns];
          packed[to + t + TOKENS] = x[from + t * columns + 1];
          packed[next + t] = x[from + t * columns + 2];
          packed[next + t + TOKENS] = x[from + t * columns + 3];
        }
      }
    }
  }

  static void run(
      CpuMatrix w, int from, int to, float[] packed, int tokens, float[] out, Scratch scratch) {
    int columns = w.columns();
    int tiles = tiles(tokens);
    float[] panel = scratch.panel(Panel.length(columns));
    float[] sums = scratch.sums(TILES_TOGETHER * SUMS);
    for (int r = from; r < to; r += ROWS) {
      int rows = Math.min(ROWS, to - r);
      Panel.fill(w, r, rows, panel, scratch);
      for (int tile = 0; tile < tiles; tile += TILES_TOGETHER) {
        int count = Math.min(TILES_TOGETHER, tiles - tile);
        tiles(panel, packed, tile * tileLength(columns), count, columns, sums);
        for (int i = 0; i < count; i++) {
          int t = (tile + i) * TOKENS;
          int valid = Math.min(TOKENS, tokens - t);
          finish(sums, i * SUMS, rows, valid, out, t * w.rows() + r, w.rows());
        }
      }
    }
  }

  /**
   * Sixteen phases, added up like a binary counter. Level l of the sums of a tile holds a sum of
   * 2^l lanes; the last phase stays where it is for {@link #finish}.
   */
  private static void tiles(
      float[] panel, float[] packed, int at, int count, int columns, float[] sums) {
    int steps = columns / Lane.COUNT;
    int weightStride = phaseStride(columns, ROWS);
    int inputStride = phaseStride(columns, TOKENS);
    for (int phase = 0; phase < Lane.COUNT; phase++) {
      int level = Integer.numberOfTrailingZeros(phase + 1);
      for (int i = 0; i < count; i++) {
        int x = at + i * tileLength(columns) + phase * inputStride;
        int to = i * SUMS + (level == 0 ? 0 : FRESH);
        phase(panel, phase * weightStride, packed, x, steps, sums, to);
        if (level > 0 && level < LEVELS) {
          carry(sums, i * SUMS, level);
        }
      }
    }
  }

  /**
   * Adds the waiting sums of the levels below to the fresh one, and leaves it waiting at a level.
   */
  private static void carry(float[] sums, int at, int level) {
    for (int i = at; i < at + TILE; i += WIDTH) {
      total(sums, i, level).intoArray(sums, i + level * TILE);
    }
  }

  /** A vector of the fresh sum, with those of the levels below. */
  private static FloatVector total(float[] sums, int at, int level) {
    FloatVector sum = FloatVector.fromArray(Lanes.F32, sums, at + FRESH);
    for (int l = 0; l < level; l++) {
      sum = FloatVector.fromArray(Lanes.F32, sums, at + l * TILE).add(sum);
    }
    return sum;
  }

  /** The root of the tree, straight to the output. */
  private static void finish(
      float[] sums, int at, int rows, int tokens, float[] out, int to, int stride) {
    for (int t = 0; t < tokens; t++) {
      for (int half = 0; half < ROWS; half += WIDTH) {
        int sum = at + t * ROWS + half;
        FloatVector total = total(sums, sum, LEVELS);
        if (rows == ROWS) {
          total.intoArray(out, to + t * stride + half);
        } else {
          total.intoArray(sums, sum + FRESH);
        }
      }
      if (rows < ROWS) {
        System.arraycopy(sums, at + FRESH + t * ROWS, out, to + t * stride, rows);
      }
    }
  }

  /** The hot loop: one lane of two vectors of rows by 8 tokens. */
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
      FloatVector wa = FloatVector.fromArray(Lanes.F32, panel, w);
      FloatVector wb = FloatVector.fromArray(Lanes.F32, panel, w + WIDTH);
      FloatVector x0 = FloatVector.broadcast(Lanes.F32, packed[x]);
      a0 = x0.fma(wa, a0);
      b0 = x0.fma(wb, b0);
      FloatVector x1 = FloatVector.broadcast(Lanes.F32, packed[x + 1]);
      a1 = x1.fma(wa, a1);
      b1 = x1.fma(wb, b1);
      FloatVector x2 = FloatVector.broadcast(Lanes.F32, packed[x + 2]);
      a2 = x2.fma(wa, a2);
      b2 = x2.fma(wb, b2);
      FloatVector x3 = FloatVector.broadcast(Lanes.F32, packed[x + 3]);
      a3 = x3.fma(wa, a3);
      b3 = x3.fma(wb, b3);
      FloatVector x4 = FloatVector.broadcast(Lanes.F32, packed[x + 4]);
      a4 = x4.fma(wa, a4);
      b4 = x4.fma(wb, b4);
      FloatVector x5 = FloatVector.broadcast(Lanes.F32, packed[x + 5]);
      a5 = x5.fma(wa, a5);
      b5 = x5.fma(wb, b5);
      FloatVector x6 = FloatVector.broadcast(Lanes.F32, packed[x + 6]);
      a6 = x6.fma(wa, a6);
      b6 = x6.fma(wb, b6);
      FloatVector x7 = FloatVector.broadcast(Lanes.F32, packed[x + 7]);
      a7 = x7.fma(wa, a7);
      b7 = x7.fma(wb, b7);
      w += ROWS;
      x += TOKENS;
    }
    store(a0, b0, sums, to);
    store(a1, b1, sums, to + ROWS);
    store(a2, b2, sums, to + 2 * ROWS);
    store(a3, b3, sums, to + 3 * ROWS);
    store(a4, b4, sums, to + 4 * ROWS);
    store(a5, b5, sums, to + 5 * ROWS);
    store(a6, b6, sums, to + 6 * ROWS);
    store(a7, b7, sums, to + 7 * ROWS);
  }

  private static void store(FloatVector a, FloatVector b, float[] sums, int to) {
    a.intoArray(sums, to);
    b.intoArray(sums, to + WIDTH);
  }
}
