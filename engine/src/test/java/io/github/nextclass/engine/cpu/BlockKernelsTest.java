package io.github.nextclass.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nextclass.engine.quant.BlockMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Vector kernels of q8 and q4 give the bits of the plain loops, and those the sum of the formula.
 * The build runs these tests at 128 and 256 bits too.
 */
@Tag("vector-width")
class BlockKernelsTest {
  private static final BlockKernels ROWS = new VectorBlockKernels(Integer.MAX_VALUE);
  private static final BlockKernels TILES = new VectorBlockKernels(0);

  private final Random random = new Random(20261125);

  /** Every word at random, the extreme levels among them; scales of all signs and sizes. */
  private BlockWeight weight(int bits, int rows, int columns) {
    MemorySegment bytes = Arena.ofAuto().allocate(BlockMatrix.bytes(bits, rows, columns), 64);
    int scales = BlockMatrix.ROWS * Short.BYTES;
    for (long at = 0; at < bytes.byteSize(); at++) {
      int level = random.nextInt(256);
      bytes.set(ValueLayout.JAVA_BYTE, at, (byte) (bits == 8 && level == 128 ? 129 : level));
    }
    int blockBytes = BlockMatrix.blockBytes(bits);
    for (long at = (long) blockBytes - scales; at < bytes.byteSize(); at += blockBytes) {
      for (int lane = 0; lane < BlockMatrix.ROWS; lane++) {
        float scale = (float) random.nextGaussian() * (random.nextInt(20) == 0 ? 100f : 0.01f);
        short bf16 = (short) (Float.floatToRawIntBits(scale) >>> 16);
        bytes.set(ValueLayout.JAVA_SHORT, at + 2L * lane, bf16);
      }
    }
    return new BlockWeight(new BlockMatrix("w", bytes, bits, rows, columns));
  }

  /** Outliers, zeros, and a block of nothing else. */
  private float[] inputs(int tokens, int columns) {
    float[] x = new float[tokens * columns];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian() * (random.nextInt(40) == 0 ? 50f : 1f);
    }
    Arrays.fill(x, 0, BlockMatrix.BLOCK, 0f);
    return x;
  }

  private static float[] run(BlockKernels kernels, BlockWeight w, float[] x, int tokens) {
    BlockInputs inputs = new BlockInputs();
    int bits = w.matrix().bits();
    kernels.prepare(inputs, tokens, w.columns(), bits);
    for (int piece = 0; piece < kernels.pieces(tokens); piece++) {
      kernels.pack(x, inputs, bits, piece);
    }
    float[] out = new float[tokens * w.rows()];
    BlockScratch scratch = new BlockScratch();
    int middle = w.panels() / 3; // in two parts, as two threads would
    if (middle > 0) {
      kernels.linear(w, 0, middle, inputs, out, scratch);
    }
    kernels.linear(w, middle, w.panels(), inputs, out, scratch);
    return out;
  }

  @ParameterizedTest
  @CsvSource({
    "4, 32, 32, 1",
    "4, 40, 64, 1",
    "4, 170, 1024, 1",
    "4, 170, 1024, 2",
    "4, 97, 320, 6",
    "4, 33, 96, 13",
    "4, 97, 320, 8",
    "4, 33, 96, 25",
    "4, 70, 1120, 9",
    "8, 32, 32, 1",
    "8, 40, 64, 1",
    "8, 170, 1024, 1",
    "8, 170, 1024, 2",
    "8, 97, 320, 6",
    "8, 33, 96, 13",
    "8, 97, 320, 16",
    "8, 33, 96, 25",
    "8, 70, 1120, 9"
  })
  void vectorsGiveTheBitsOfPlainLoops(int bits, int rows, int columns, int tokens) {
    BlockWeight w = weight(bits, rows, columns);
    float[] x = inputs(tokens, columns);
    float[] plain = run(new ScalarBlockKernels(), w, x, tokens);
    assertThat(run(new VectorBlockKernels(), w, x, tokens)).containsExactly(plain);
    assertThat(run(ROWS, w, x, tokens)).containsExactly(plain);
    assertThat(run(TILES, w, x, tokens)).containsExactly(plain);
  }

  /** The largest sums there are: all levels and inputs at their ends. */
  @ParameterizedTest
  @CsvSource({"4, 0", "4, 255", "8, 127", "8, 129"})
  void nothingOverflows(int bits, int cell) {
    BlockWeight w = weight(bits, 64, 128);
    MemorySegment bytes = w.matrix().segment();
    int blockBytes = BlockMatrix.blockBytes(bits);
    for (long at = 0; at < bytes.byteSize(); at++) {
      if (at % blockBytes < blockBytes - BlockMatrix.ROWS * Short.BYTES) {
        bytes.set(ValueLayout.JAVA_BYTE, at, (byte) cell);
      }
    }
    for (int tokens : new int[] {1, 5}) {
      float[] x = new float[tokens * 128];
      Arrays.fill(x, -3f);
      float[] plain = run(new ScalarBlockKernels(), w, x, tokens);
      assertThat(run(ROWS, w, x, tokens)).containsExactly(plain);
      assertThat(run(TILES, w, x, tokens)).containsExactly(plain);
    }
  }

  @ParameterizedTest
  @CsvSource({"4, 7", "4, 9", "8, 7", "8, 20"})
  void aTokenAmongOthersIsAsAlone(int bits, int tokens) {
    BlockWeight w = weight(bits, 100, 256);
    float[] x = inputs(tokens, 256);
    float[] together = run(new VectorBlockKernels(), w, x, tokens);
    for (int t = 0; t < tokens; t++) {
      float[] alone =
          run(new VectorBlockKernels(), w, Arrays.copyOfRange(x, t * 256, (t + 1) * 256), 1);
      assertThat(Arrays.copyOfRange(together, t * 100, (t + 1) * 100)).containsExactly(alone);
    }
  }

  /** Inputs that 8 bits hold exactly leave nothing but the rounding of floats. */
  @ParameterizedTest
  @CsvSource({"4", "8"})
  void theSumIsThatOfTheFormula(int bits) {
    BlockWeight w = weight(bits, 48, 192);
    float[] x = new float[192];
    for (int k = 0; k < x.length; k++) {
      x[k] = k % BlockMatrix.BLOCK == 0 ? 127 : random.nextInt(255) - 127;
    }
    float[] out = run(new ScalarBlockKernels(), w, x, 1);
    float[] row = new float[192];
    for (int r = 0; r < 48; r++) {
      w.matrix().dequantizeRow(r, row, 0);
      double sum = 0;
      double size = 0;
      for (int k = 0; k < row.length; k++) {
        sum += (double) row[k] * x[k];
        size += Math.abs((double) row[k] * x[k]);
      }
      assertThat(Math.abs(out[r] - sum)).isLessThanOrEqualTo(1e-6 * size);
    }
  }
}
