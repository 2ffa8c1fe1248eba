package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.quant.BlockMatrix;

/**
 * Products of q8 and q4 weights with a few tokens, straight from where the weights lie: decode, a
 * batch, a short prompt. Two panels go together, half of the range apart, so that the prefetcher
 * sees two long streams. What is broadcast is used for both, and four tokens pass a word together.
 *
 * <p>{@link Q4Rows} and {@link Q8Rows} have the loops.
 *
 * <p>Four tokens pass a block twice: the first time its lower bytes, then the higher ones, and
 * their inputs lie in that order. One pass needs more registers than the 16 of AVX2, and sums would
 * go through memory in the innermost loop: a batch of 8 took 95 ms in q8, and takes 71.
 */
final class BlockRowKernel {
  /** Tokens that go through a panel together. */
  static final int TOKENS = 4;

  /** Packed ints of a block and a token: where the sum starts, then 32 factors. */
  private static final int PACKED = BlockMatrix.BLOCK + 1;

  private static final int ROWS = BlockMatrix.ROWS;
  private static final int HALF = ROWS / 2;
  private static final int BLOCK = BlockMatrix.BLOCK;

  /** Words of a block and an output in q4. */
  private static final int WORDS_4 = BLOCK / 4;

  private BlockRowKernel() {}

  /** Makes room in inputs that are quantised. */
  static void prepare(BlockInputs inputs, int bits) {
    int length = (inputs.tokens + TOKENS - 1) / TOKENS * TOKENS;
    inputs.preparePacked(inputs.tokens, inputs.columns, length, PACKED, bits == 8 ? BLOCK : 0);
  }

  /** Whether the tokens from {@code first} on go as four; only one that is left over does not. */
  private static boolean asFour(int first, int tokens) {
    return tokens - first > 1;
  }

  /**
   * Four tokens lie side by side, number by number. Places behind the last token hold what was
   * there before: whole numbers, whose results nobody takes.
   */
  static void pack(BlockInputs inputs, int bits, int token) {
    int blocks = inputs.blocks();
    int first = token / TOKENS * TOKENS;
    int step = asFour(first, inputs.tokens) ? TOKENS : 1;
    for (int block = 0; block < blocks; block++) {
      int from = token * inputs.columns + block * BLOCK;
      int place = first * blocks + step * block;
      inputs.packedScales[place + token - first] = inputs.scales[token * blocks + block];
      int to = place * PACKED + token - first;
      if (bits == 4) {
        pack4(inputs.levels, from, inputs.packed, to, step);
      } else if (step == 1) {
        pack8(inputs.levels, from, inputs.packed, to);
      } else {
        packFloats(inputs.levels, from, inputs.packedFloats, place * BLOCK + token - first);
      }
    }
  }

  private static void pack4(int[] levels, int from, int[] packed, int to, int step) {
    int sum = 0;
    int half = BLOCK / 2;
    for (int word = 0; word < WORDS_4; word++) {
      int before = 0;
      for (int i = 0; i < 4; i++) {
        int x = levels[from + 4 * word + i];
        int place = step == 1 ? 4 * word + i : i / 2 * half + 2 * word + i % 2;
        packed[to + (1 + place) * step] = twice(x - 16 * before);
        before = x;
        sum += x;
      }
    }
    packed[to] = twice(-8 * sum);
  }

  private static void pack8(int[] levels, int from, int[] packed, int to) {
    for (int k = 0; k < BLOCK; k++) {
      packed[to + k + 1] = twice(levels[from + k]);
    }
  }

  private static void packFloats(int[] levels, int from, float[] packed, int to) {
    for (int k = 0; k < BLOCK; k++) {
      int place = k % 2 * (BLOCK / 2) + k / 2; // lower bytes first
      packed[to + place * TOKENS] = levels[from + k];
    }
  }

  /** In both halves of an int. */
  private static int twice(int level) {
    return (level << 16) | (level & 0xffff);
  }

  static void run(
      BlockWeight w, int from, int to, BlockInputs inputs, float[] out, BlockScratch scratch) {
    float[] sums = scratch.sums(2 * TOKENS * ROWS);
    int half = (to - from + 1) / 2;
    for (int panel = from; panel < from + half; panel++) {
      int other = Math.min(panel + half, to - 1);
      for (int token = 0; token < inputs.tokens; token += TOKENS) {
        if (asFour(token, inputs.tokens)) {
          four(w, panel, other, inputs, token, sums, out);
        } else {
          one(w, panel, other, inputs, token, sums, out);
        }
      }
    }
  }

  private static void one(
      BlockWeight w,
      int panel,
      int other,
      BlockInputs inputs,
      int token,
      float[] sums,
      float[] out) {
    BlockMatrix m = w.matrix();
    int x = token * w.blocks() * PACKED;
    int scale = token * w.blocks();
    for (int row = 0; row < HALF; row += Lanes.WIDTH) {
      long p = panel * m.panelBytes() + 4L * row;
      long q = other * m.panelBytes() + 4L * row;
      if (m.bits() == 4) {
        Q4Rows.one(
            m.segment(), p, q, inputs.packed, x, inputs.packedScales, scale, w.blocks(), sums, row);
      } else {
        Q8Rows.one(
            m.segment(), p, q, inputs.packed, x, inputs.packedScales, scale, w.blocks(), sums, row);
      }
    }
    store(sums, 0, panel, m.rows(), out, token);
    store(sums, ROWS, other, m.rows(), out, token);
  }

  private static void four(
      BlockWeight w,
      int panel,
      int other,
      BlockInputs inputs,
      int token,
      float[] sums,
      float[] out) {
    BlockMatrix m = w.matrix();
    int scale = token * w.blocks();
    for (int row = 0; row < HALF; row += Lanes.WIDTH) {
      long p = panel * m.panelBytes() + 4L * row;
      long q = other * m.panelBytes() + 4L * row;
      if (m.bits() == 4) {
        int x = scale * PACKED;
        Q4Rows.four(
            m.segment(), p, q, inputs.packed, x, inputs.packedScales, scale, w.blocks(), sums, row);
      } else {
        float[] x = inputs.packedFloats;
        int at = scale * BLOCK;
        int next = row + TOKENS * ROWS;
        Q8Rows.four(m.segment(), p, x, at, inputs.packedScales, scale, w.blocks(), sums, row);
        Q8Rows.four(m.segment(), q, x, at, inputs.packedScales, scale, w.blocks(), sums, next);
      }
    }
    for (int i = 0; i < Math.min(TOKENS, inputs.tokens - token); i++) {
      store(sums, i * ROWS, panel, m.rows(), out, token + i);
      store(sums, (TOKENS + i) * ROWS, other, m.rows(), out, token + i);
    }
  }

  private static void store(float[] sums, int at, int panel, int rows, float[] out, int token) {
    int row = panel * ROWS;
    System.arraycopy(sums, at, out, token * rows + row, Math.min(ROWS, rows - row));
  }
}
