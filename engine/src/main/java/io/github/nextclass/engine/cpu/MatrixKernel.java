package io.github.nextclass.engine.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * Products of weight rows with many tokens: prefill. Vectors lie along the rows, inputs are
 * broadcast, so there is no horizontal sum, results come out as they are stored, and the loop is
 * almost nothing but multiply-adds. A tile is four vectors of rows by 4 tokens: 16 sums that stay
 * in registers, or twice 8 where registers are few.
 *
 * <p>To keep the order of {@link Lane}, k is walked lane by lane: a <em>phase</em> adds up one
 * lane, and the 16 results are added in the tree's order. Weights and inputs are packed so that a
 * phase reads forward:
 *
 * <pre>
 *   k                 0 1 | 2 3 | ... | 30 31 | 32 33 | 34 35 | ...
 *   phase of lane 0   0 1                       32 33                then 64 65, 96 97, ...
 *
 *   weights  [phase][step][rows]             four vectors a step        {@link Panel}
 *   inputs   [tile][phase][step][4 tokens]   one broadcast a token and step
 *                                            step = 0 .. columns / 16
 *
 *   phases in the order 0 8 4 12 2 10 6 14 1 9 5 13 3 11 7 15: bits of the lane reversed, so that
 *   neighbours in time are neighbours in the tree, and a sum waits for its sibling as in a binary counter
 * </pre>
 *
 * <p>A phase of the weights, 16 KB at 1,024 columns, stays in the first cache for four tiles.
 *
 * <p>Vector methods are called in the hot methods themselves, not through helpers: the JIT always
 * inlines them, but stops inlining methods of ours once a method has grown to 18,000 nodes
 * (NodeCountInliningCutoff), and then vectors go through memory as objects.
 */
final class MatrixKernel {
  static final int TOKENS = 4;

  private static final int WIDTH = Lanes.WIDTH;
  private static final int ROWS = Panel.ROWS;
  private static final int TOGETHER = Lanes.MANY_REGISTERS ? 4 * WIDTH : 2 * WIDTH;
  private static final int TILE = ROWS * TOKENS;
  private static final int TILES_TOGETHER = 4;

  // The levels of the tree below its root: sums of 1, 2, 4 and 8 lanes that wait for their sibling.
  private static final int ONE = 0;
  private static final int TWO = TILE;
  private static final int FOUR = 2 * TILE;
  private static final int EIGHT = 3 * TILE;
  private static final int FRESH = 4 * TILE;
  private static final int SUMS = 5 * TILE;

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
        if (count == TOKENS) {
          Turn.square4(x, from, columns, packed, to, to + TOKENS, next, next + TOKENS);
          continue;
        }
        for (int t = 0; t < count; t++) {
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

  /** Sixteen phases, added up like a binary counter; the last one is left to {@link #finish}. */
  private static void tiles(
      float[] panel, float[] packed, int at, int count, int columns, float[] sums) {
    int steps = columns / Lane.COUNT;
    int weightStride = phaseStride(columns, ROWS);
    int inputStride = phaseStride(columns, TOKENS);
    for (int phase = 0; phase < Lane.COUNT; phase++) {
      int complete = Integer.numberOfTrailingZeros(phase + 1); // levels whose sibling waits
      for (int i = 0; i < count; i++) {
        int w = phase * weightStride;
        int x = at + i * tileLength(columns) + phase * inputStride;
        int to = i * SUMS;
        int fresh = to + (complete > 0 ? FRESH : ONE);
        for (int r = 0; r < ROWS; r += TOGETHER) {
          if (Lanes.MANY_REGISTERS) {
            phase(panel, w + r, packed, x, steps, sums, fresh + r);
          } else {
            halfPhase(panel, w + r, packed, x, steps, sums, fresh + r);
          }
        }
        switch (complete) {
          case 1 -> carryOne(sums, to);
          case 2 -> carryTwo(sums, to);
          case 3 -> carryThree(sums, to);
          default -> {} // nothing waits, or it is the root
        }
      }
    }
  }

  private static void carryOne(float[] sums, int at) {
    for (int i = at; i < at + TILE; i += WIDTH) {
      FloatVector sum = FloatVector.fromArray(Lanes.F32, sums, i + FRESH);
      sum = FloatVector.fromArray(Lanes.F32, sums, i + ONE).add(sum);
      sum.intoArray(sums, i + TWO);
    }
  }

  private static void carryTwo(float[] sums, int at) {
    for (int i = at; i < at + TILE; i += WIDTH) {
      FloatVector sum = FloatVector.fromArray(Lanes.F32, sums, i + FRESH);
      sum = FloatVector.fromArray(Lanes.F32, sums, i + ONE).add(sum);
      sum = FloatVector.fromArray(Lanes.F32, sums, i + TWO).add(sum);
      sum.intoArray(sums, i + FOUR);
    }
  }

  private static void carryThree(float[] sums, int at) {
    for (int i = at; i < at + TILE; i += WIDTH) {
      FloatVector sum = FloatVector.fromArray(Lanes.F32, sums, i + FRESH);
      sum = FloatVector.fromArray(Lanes.F32, sums, i + ONE).add(sum);
      sum = FloatVector.fromArray(Lanes.F32, sums, i + TWO).add(sum);
      sum = FloatVector.fromArray(Lanes.F32, sums, i + FOUR).add(sum);
      sum.intoArray(sums, i + EIGHT);
    }
  }

  /** The root of the tree, straight to the output. */
  private static void finish(
      float[] sums, int at, int rows, int tokens, float[] out, int to, int stride) {
    for (int t = 0; t < tokens; t++) {
      for (int r = 0; r < ROWS; r += WIDTH) {
        int i = at + t * ROWS + r;
        FloatVector sum = FloatVector.fromArray(Lanes.F32, sums, i + FRESH);
        sum = FloatVector.fromArray(Lanes.F32, sums, i + ONE).add(sum);
        sum = FloatVector.fromArray(Lanes.F32, sums, i + TWO).add(sum);
        sum = FloatVector.fromArray(Lanes.F32, sums, i + FOUR).add(sum);
        sum = FloatVector.fromArray(Lanes.F32, sums, i + EIGHT).add(sum);
        if (rows == ROWS) {
          sum.intoArray(out, to + t * stride + r);
        } else {
          sum.intoArray(sums, i + FRESH);
        }
      }
      if (rows < ROWS) {
        System.arraycopy(sums, at + FRESH + t * ROWS, out, to + t * stride, rows);
      }
    }
  }

  /** The hot loop where registers are few: one lane of two vectors of rows by 4 tokens. */
  private static void halfPhase(
      float[] panel, int w, float[] packed, int x, int steps, float[] sums, int to) {
    FloatVector a0 = FloatVector.zero(Lanes.F32);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    for (int step = 0; step < steps; step++) {
      FloatVector w0 = FloatVector.fromArray(Lanes.F32, panel, w);
      FloatVector w1 = FloatVector.fromArray(Lanes.F32, panel, w + WIDTH);
      FloatVector xa = FloatVector.broadcast(Lanes.F32, packed[x]);
      a0 = xa.fma(w0, a0);
      a1 = xa.fma(w1, a1);
      FloatVector xb = FloatVector.broadcast(Lanes.F32, packed[x + 1]);
      b0 = xb.fma(w0, b0);
      b1 = xb.fma(w1, b1);
      FloatVector xc = FloatVector.broadcast(Lanes.F32, packed[x + 2]);
      c0 = xc.fma(w0, c0);
      c1 = xc.fma(w1, c1);
      FloatVector xd = FloatVector.broadcast(Lanes.F32, packed[x + 3]);
      d0 = xd.fma(w0, d0);
      d1 = xd.fma(w1, d1);
      w += ROWS;
      x += TOKENS;
    }
    a0.intoArray(sums, to);
    a1.intoArray(sums, to + WIDTH);
    b0.intoArray(sums, to + ROWS);
    b1.intoArray(sums, to + ROWS + WIDTH);
    c0.intoArray(sums, to + 2 * ROWS);
    c1.intoArray(sums, to + 2 * ROWS + WIDTH);
    d0.intoArray(sums, to + 3 * ROWS);
    d1.intoArray(sums, to + 3 * ROWS + WIDTH);
  }

  /** The hot loop: one lane of four vectors of rows by 4 tokens. */
  private static void phase(
      float[] panel, int w, float[] packed, int x, int steps, float[] sums, int to) {
    FloatVector a0 = FloatVector.zero(Lanes.F32);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector c2 = a0;
    FloatVector c3 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    FloatVector d2 = a0;
    FloatVector d3 = a0;
    for (int step = 0; step < steps; step++) {
      FloatVector w0 = FloatVector.fromArray(Lanes.F32, panel, w);
      FloatVector w1 = FloatVector.fromArray(Lanes.F32, panel, w + WIDTH);
      FloatVector w2 = FloatVector.fromArray(Lanes.F32, panel, w + 2 * WIDTH);
      FloatVector w3 = FloatVector.fromArray(Lanes.F32, panel, w + 3 * WIDTH);
      FloatVector xa = FloatVector.broadcast(Lanes.F32, packed[x]);
      a0 = xa.fma(w0, a0);
      a1 = xa.fma(w1, a1);
      a2 = xa.fma(w2, a2);
      a3 = xa.fma(w3, a3);
      FloatVector xb = FloatVector.broadcast(Lanes.F32, packed[x + 1]);
      b0 = xb.fma(w0, b0);
      b1 = xb.fma(w1, b1);
      b2 = xb.fma(w2, b2);
      b3 = xb.fma(w3, b3);
      FloatVector xc = FloatVector.broadcast(Lanes.F32, packed[x + 2]);
      c0 = xc.fma(w0, c0);
      c1 = xc.fma(w1, c1);
      c2 = xc.fma(w2, c2);
      c3 = xc.fma(w3, c3);
      FloatVector xd = FloatVector.broadcast(Lanes.F32, packed[x + 3]);
      d0 = xd.fma(w0, d0);
      d1 = xd.fma(w1, d1);
      d2 = xd.fma(w2, d2);
      d3 = xd.fma(w3, d3);
      w += ROWS;
      x += TOKENS;
    }
    a0.intoArray(sums, to);
    a1.intoArray(sums, to + WIDTH);
    a2.intoArray(sums, to + 2 * WIDTH);
    a3.intoArray(sums, to + 3 * WIDTH);
    b0.intoArray(sums, to + ROWS);
    b1.intoArray(sums, to + ROWS + WIDTH);
    b2.intoArray(sums, to + ROWS + 2 * WIDTH);
    b3.intoArray(sums, to + ROWS + 3 * WIDTH);
    c0.intoArray(sums, to + 2 * ROWS);
    c1.intoArray(sums, to + 2 * ROWS + WIDTH);
    c2.intoArray(sums, to + 2 * ROWS + 2 * WIDTH);
    c3.intoArray(sums, to + 2 * ROWS + 3 * WIDTH);
    d0.intoArray(sums, to + 3 * ROWS);
    d1.intoArray(sums, to + 3 * ROWS + WIDTH);
    d2.intoArray(sums, to + 3 * ROWS + 2 * WIDTH);
    d3.intoArray(sums, to + 3 * ROWS + 3 * WIDTH);
  }
}
