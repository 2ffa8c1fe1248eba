package io.github.nextclass.engine.cpu;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.github.nextclass.engine.quant.Bf16;
import io.github.nextclass.engine.quant.BlockMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * {@link BlockKernels} in plain loops. A block of a panel is copied, and its levels are parted once
 * for all tokens; the loops over the 32 outputs use all arrays at the same place, of which HotSpot
 * makes vectors (see {@link ScalarLinear}).
 */
final class ScalarBlockKernels implements BlockKernels {
  private static final int ROWS = BlockMatrix.ROWS;
  private static final int BLOCK = BlockMatrix.BLOCK;
  private static final ValueLayout.OfShort WORD =
      JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @Override
  public void prepare(BlockInputs inputs, int tokens, int columns, int bits) {
    inputs.prepare(tokens, columns);
  }

  @Override
  public int pieces(int tokens) {
    return tokens;
  }

  @Override
  public boolean streams(int tokens) {
    return tokens == 1;
  }

  @Override
  public void pack(float[] x, BlockInputs inputs, int bits, int piece) {
    inputs.quantize(x, piece);
  }

  @Override
  public void linear(
      BlockWeight w, int from, int to, BlockInputs inputs, float[] out, BlockScratch scratch) {
    BlockMatrix m = w.matrix();
    int words = BlockMatrix.blockBytes(m.bits()) / Short.BYTES;
    short[] block = scratch.levels(words);
    int[][] levels = scratch.parted(BLOCK, ROWS);
    int[] dots = scratch.dots(ROWS);
    float[] scales = scratch.scales(ROWS);
    float[] sums = scratch.sums(inputs.tokens * ROWS);
    for (int panel = from; panel < to; panel++) {
      Arrays.fill(sums, 0, inputs.tokens * ROWS, 0f);
      for (int b = 0; b < w.blocks(); b++) {
        long at = panel * m.panelBytes() + 2L * b * words;
        MemorySegment.copy(m.segment(), WORD, at, block, 0, words);
        for (int lane = 0; lane < ROWS; lane++) {
          scales[lane] = Bf16.widen(block[words - ROWS + lane]);
        }
        if (inputs.tokens > 1) {
          part(block, m.bits(), levels);
        }
        for (int t = 0; t < inputs.tokens; t++) {
          int x = t * inputs.columns + b * BLOCK;
          Arrays.fill(dots, 0);
          if (inputs.tokens == 1) {
            dotsOfWords(block, m.bits(), inputs.levels, x, dots);
          } else {
            for (int k = 0; k < BLOCK; k += 4) {
              addFour(levels, k, inputs.levels, x + k, dots);
            }
          }
          float inputScale = inputs.scales[t * inputs.blocks() + b];
          for (int lane = 0; lane < ROWS; lane++) {
            int i = t * ROWS + lane;
            sums[i] = Math.fma((float) dots[lane], scales[lane] * inputScale, sums[i]);
          }
        }
      }
      store(sums, panel, m.rows(), inputs.tokens, out);
    }
  }

  private static void part(short[] block, int bits, int[][] levels) {
    int together = Short.SIZE / bits;
    for (int k = 0; k < BLOCK; k++) {
      int[] row = levels[k];
      int word = k / together * ROWS;
      int shift = k % together * bits;
      for (int lane = 0; lane < ROWS; lane++) {
        int level = block[word + lane] >> shift;
        row[lane] = bits == 4 ? (level & 0xf) - 8 : (byte) level;
      }
    }
  }

  /** One token: each level is used once, where it comes out of its word. */
  private static void dotsOfWords(short[] block, int bits, int[] x, int at, int[] dots) {
    if (bits == 4) {
      for (int k = 0; k < BLOCK; k += 4) {
        int word = k / 4 * ROWS;
        for (int lane = 0; lane < ROWS; lane++) {
          int w = block[word + lane];
          dots[lane] +=
              ((w & 0xf) - 8) * x[at + k]
                  + ((w >> 4 & 0xf) - 8) * x[at + k + 1]
                  + ((w >> 8 & 0xf) - 8) * x[at + k + 2]
                  + ((w >> 12 & 0xf) - 8) * x[at + k + 3];
        }
      }
    } else {
      for (int k = 0; k < BLOCK; k += 2) {
        int word = k / 2 * ROWS;
        for (int lane = 0; lane < ROWS; lane++) {
          int w = block[word + lane];
          dots[lane] += (byte) w * x[at + k] + (w >> 8) * x[at + k + 1];
        }
      }
    }
  }

  private static void addFour(int[][] levels, int k, int[] x, int at, int[] dots) {
    addFour(
        levels[k],
        levels[k + 1],
        levels[k + 2],
        levels[k + 3],
        x[at],
        x[at + 1],
        x[at + 2],
        x[at + 3],
        dots);
  }

  private static void addFour(
      int[] w0, int[] w1, int[] w2, int[] w3, int x0, int x1, int x2, int x3, int[] dots) {
    for (int lane = 0; lane < ROWS; lane++) {
      dots[lane] += w0[lane] * x0 + w1[lane] * x1 + w2[lane] * x2 + w3[lane] * x3;
    }
  }

  /** Outputs {@code 0, 16, 1, 17, ...} lie side by side: see {@link BlockMatrix}. */
  private static void store(float[] sums, int panel, int rows, int tokens, float[] out) {
    int first = panel * ROWS;
    for (int i = 0; i < Math.min(ROWS, rows - first); i++) {
      int lane = BlockMatrix.lane(i);
      for (int t = 0; t < tokens; t++) {
        out[t * rows + first + i] = sums[t * ROWS + lane];
      }
    }
  }
}
