package io.github.nextclass.engine.quant;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Floats to {@link BlockMatrix}. For each block the scale with the least squared error is looked
 * for: some candidates spread around {@code largest / lowest level}, for the levels that the best
 * of them gives the scale of least squares {@code sum(w q) / sum(q^2)}, rounded to BF16, and the
 * levels for that.
 *
 * <p>Plain loops over a panel's blocks side by side, {@code [32 inputs][32 outputs x blocks]}:
 * long, of one stride and without sums across lanes, so that the JIT makes vectors of them. 16
 * candidates for 596 million weights take some seconds on two cores.
 *
 * <p>Holds working memory: for one thread at a time.
 */
public final class BlockQuantizer {
  /** One row of a matrix as floats. */
  @FunctionalInterface
  public interface Rows {
    /**
     * Reads a row.
     *
     * @param row the row
     * @param out where its values go
     * @param at the place of the first
     */
    void read(int row, float[] out, int at);
  }

  private static final int ROWS = BlockMatrix.ROWS;
  private static final int BLOCK = BlockMatrix.BLOCK;
  private static final ValueLayout.OfShort WORD =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Blocks of a row that are worked on together: 128 KB of weights, which fit the second cache. */
  private static final int BLOCKS = 32;

  private static final int LANES = ROWS * BLOCKS;

  /** Adding it rounds to a whole number, half to even, where the sum is below 2^24. */
  private static final float ROUND = 0x1.8p23f;

  /** Blocks of nothing larger are zero: their scale has no reciprocal. */
  private static final float NOTHING = 0x1p-100f;

  /** Where the largest weight of a block goes. With -8 the negative half has one level more. */
  private static final float[] CANDIDATES_4 = {
    -8f, -7f, -7.25f, -7.5f, -7.75f, -8.25f, -8.5f, -8.75f, 6.75f, 7f, 7.25f, 7.5f
  };

  private static final float[] CANDIDATES_8 = {127f};

  private final int bits;
  private final float lowest;
  private final float highest;
  private final float[] candidates;
  private final float[][] w = new float[BLOCK][LANES];
  private final float[] largest = new float[LANES];
  private final float[] inverse = new float[LANES];
  private final float[] products = new float[LANES];
  private final float[] squares = new float[LANES];
  private final float[] bestProducts = new float[LANES];
  private final float[] bestSquares = new float[LANES];
  private final float[] best = new float[LANES];
  private float[] row = new float[0];

  /**
   * A quantiser.
   *
   * @param bits 4 or 8
   */
  public BlockQuantizer(int bits) {
    this.bits = bits;
    this.lowest = bits == 4 ? -8 : -127;
    this.highest = bits == 4 ? 7 : 127;
    this.candidates = bits == 4 ? CANDIDATES_4 : CANDIDATES_8;
  }

  /**
   * Quantises a panel of 32 outputs.
   *
   * @param name the name of the matrix, for the message
   * @param source the matrix
   * @param rows its outputs
   * @param columns its inputs, a multiple of 32
   * @param panel which panel
   * @param target the whole quantised matrix
   * @throws IllegalArgumentException if a weight is infinite or NaN
   */
  public void panel(
      String name, Rows source, int rows, int columns, int panel, MemorySegment target) {
    int first = panel * ROWS;
    int count = Math.min(ROWS, rows - first);
    int blocks = columns / BLOCK;
    if (row.length < ROWS * columns) {
      row = new float[ROWS * columns];
    }
    for (int i = 0; i < count; i++) {
      source.read(first + i, row, i * columns);
    }
    Arrays.fill(row, count * columns, ROWS * columns, 0f);
    for (int block = 0; block < blocks; block += BLOCKS) {
      int some = Math.min(BLOCKS, blocks - block);
      turn(columns, block, some);
      findScales(name);
      long at = ((long) panel * blocks + block) * BlockMatrix.blockBytes(bits);
      for (int b = 0; b < some; b++) {
        write(b, target, at + (long) b * BlockMatrix.blockBytes(bits));
      }
    }
  }

  /** Lane {@code output * BLOCKS + block}; those of blocks that are not there stay zero. */
  private void turn(int columns, int block, int some) {
    if (some < BLOCKS) {
      for (float[] line : w) {
        Arrays.fill(line, 0f);
      }
    }
    for (int i = 0; i < ROWS; i++) {
      for (int b = 0; b < some; b++) {
        int from = i * columns + (block + b) * BLOCK;
        for (int k = 0; k < BLOCK; k++) {
          w[k][i * BLOCKS + b] = row[from + k];
        }
      }
    }
  }

  private void findScales(String name) {
    float[] magnitude = products; // free until candidates are tried
    Arrays.fill(magnitude, 0f);
    for (float[] line : w) {
      largestSoFar(line, magnitude);
    }
    for (int lane = 0; lane < LANES; lane++) {
      if (!(magnitude[lane] <= Float.MAX_VALUE)) {
        throw new IllegalArgumentException(
            name + " holds a weight that is not finite, which no scale can stand for");
      }
      signed(lane, magnitude[lane]);
    }
    Arrays.fill(bestProducts, 0f);
    Arrays.fill(bestSquares, 1f);
    for (float candidate : candidates) {
      for (int lane = 0; lane < LANES; lane++) {
        inverse[lane] = Math.abs(largest[lane]) < NOTHING ? 0f : candidate / largest[lane];
      }
      tryInverse();
      keepBetter();
    }
    for (int lane = 0; lane < LANES; lane++) {
      float scale = Bf16.widen(Bf16.round(bestProducts[lane] / bestSquares[lane]));
      best[lane] = Math.abs(largest[lane]) < NOTHING ? 0f : scale;
      inverse[lane] = best[lane] == 0f ? 0f : 1f / best[lane];
    }
  }

  private static void largestSoFar(float[] line, float[] magnitude) {
    for (int lane = 0; lane < LANES; lane++) {
      magnitude[lane] = Math.max(magnitude[lane], Math.abs(line[lane]));
    }
  }

  /** The first weight of the largest magnitude, with its sign. */
  private void signed(int lane, float magnitude) {
    for (int k = 0; k < BLOCK; k++) {
      if (Math.abs(w[k][lane]) == magnitude) {
        largest[lane] = w[k][lane];
        return;
      }
    }
  }

  private void tryInverse() {
    Arrays.fill(products, 0f);
    Arrays.fill(squares, 0f);
    for (float[] line : w) {
      sums(line, inverse, lowest, highest, products, squares);
    }
  }

  /**
   * The hot loop. All arrays are used at the same place: with an offset into one of them the JIT
   * cannot know that they do not overlap, and makes no vectors.
   */
  private static void sums(
      float[] line,
      float[] inverse,
      float lowest,
      float highest,
      float[] products,
      float[] squares) {
    for (int lane = 0; lane < LANES; lane++) {
      float value = line[lane];
      float level = value * inverse[lane] + ROUND - ROUND;
      level = Math.min(Math.max(level, lowest), highest);
      products[lane] += value * level;
      squares[lane] += level * level;
    }
  }

  /** With the best scale the error is {@code sum(w^2) - sum(w q)^2 / sum(q^2)}. */
  private void keepBetter() {
    for (int lane = 0; lane < LANES; lane++) {
      float here = products[lane] * products[lane];
      float there = bestProducts[lane] * bestProducts[lane];
      if (here * bestSquares[lane] > there * squares[lane]) {
        bestProducts[lane] = products[lane];
        bestSquares[lane] = squares[lane];
      }
    }
  }

  private void write(int block, MemorySegment target, long at) {
    int perWord = Short.SIZE / bits;
    int mask = (1 << bits) - 1;
    int offset = bits == 4 ? 8 : 0;
    for (int i = 0; i < ROWS; i++) {
      int lane = i * BLOCKS + block;
      long to = at + 2L * BlockMatrix.lane(i);
      for (int k = 0; k < BLOCK; k += perWord) {
        int word = 0;
        for (int j = 0; j < perWord; j++) {
          word |= (level(k + j, lane) + offset & mask) << (j * bits);
        }
        target.set(WORD, to + (long) k / perWord * ROWS * Short.BYTES, (short) word);
      }
      long scale = (long) BLOCK / perWord * ROWS * Short.BYTES;
      target.set(WORD, to + scale, (short) (Float.floatToRawIntBits(best[lane]) >>> 16));
    }
  }

  private int level(int k, int lane) {
    float level = w[k][lane] * inverse[lane] + ROUND - ROUND;
    return (int) Math.min(Math.max(level, lowest), highest);
  }
}
