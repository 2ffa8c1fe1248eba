package io.github.nextclass.engine.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BlockQuantizerTest {
  private final Random random = new Random(20261125);

  private static BlockMatrix quantize(int bits, float[] w, int columns) {
    int rows = w.length / columns;
    MemorySegment target = Arena.ofAuto().allocate(BlockMatrix.bytes(bits, rows, columns), 64);
    BlockQuantizer quantizer = new BlockQuantizer(bits);
    for (int panel = 0; panel < BlockMatrix.panels(rows); panel++) {
      quantizer.panel(
          "w",
          (row, out, at) -> System.arraycopy(w, row * columns, out, at, columns),
          rows,
          columns,
          panel,
          target);
    }
    return new BlockMatrix("w", target, bits, rows, columns);
  }

  private float[] gaussian(int n) {
    float[] w = new float[n];
    for (int i = 0; i < n; i++) {
      w[i] = (float) random.nextGaussian() * 0.02f;
    }
    return w;
  }

  private static double squaredError(BlockMatrix m, float[] w) {
    float[] row = new float[m.columns()];
    double error = 0;
    for (int r = 0; r < m.rows(); r++) {
      m.dequantizeRow(r, row, 0);
      for (int k = 0; k < row.length; k++) {
        error += Math.pow(row[k] - w[r * row.length + k], 2);
      }
    }
    return error;
  }

  /** llama.cpp's quantize_row_q4_0_ref and quantize_row_q8_0_ref, with scales of 16 bits. */
  private static double squaredErrorOfLlamaCpp(int bits, float[] w) {
    double error = 0;
    for (int block = 0; block < w.length; block += 32) {
      float largest = 0;
      for (int k = block; k < block + 32; k++) {
        largest = Math.abs(w[k]) > Math.abs(largest) ? w[k] : largest;
      }
      float d = bits == 4 ? largest / -8 : Math.abs(largest) / 127;
      float inverse = d == 0 ? 0 : 1 / d;
      float scale = Float.float16ToFloat(Float.floatToFloat16(d));
      for (int k = block; k < block + 32; k++) {
        float level =
            bits == 4
                ? Math.min(15, (int) (w[k] * inverse + 8.5f)) - 8
                : Math.round(w[k] * inverse);
        error += Math.pow(level * scale - w[k], 2);
      }
    }
    return error;
  }

  @ParameterizedTest
  @CsvSource({"4, 0.92", "8, 1.01"})
  void errorsAreNotAboveThoseOfTheSameSizeInLlamaCpp(int bits, double ratio) {
    float[] w = gaussian(96 * 1056);
    BlockMatrix m = quantize(bits, w, 1056);
    assertThat(squaredError(m, w)).isLessThan(ratio * squaredErrorOfLlamaCpp(bits, w));
  }

  @ParameterizedTest
  @CsvSource({"4", "8"})
  void zerosAndOneValueAreExact(int bits) {
    float[] w = new float[40 * 64];
    for (int k = 0; k < 32; k++) {
      w[64 + k] = 0.5f; // a power of two is a scale in BF16 times a level
    }
    w[39 * 64 + 63] = -2f;
    BlockMatrix m = quantize(bits, w, 64);
    float[] row = new float[64];
    for (int r = 0; r < 40; r++) {
      m.dequantizeRow(r, row, 0);
      for (int k = 0; k < 64; k++) {
        assertThat(row[k]).isCloseTo(w[r * 64 + k], org.assertj.core.data.Offset.offset(0.01f));
      }
    }
    m.dequantizeRow(7, row, 0);
    assertThat(row).containsOnly(0f);
  }

  @ParameterizedTest
  @CsvSource({"4, NaN", "8, Infinity", "4, -Infinity"})
  void whatIsNotFiniteIsRefused(int bits, float value) {
    float[] w = gaussian(64 * 64);
    w[50 * 64 + 3] = value;
    assertThatThrownBy(() -> quantize(bits, w, 64))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("w holds a weight that is not finite");
  }

  @Test
  void selectedRowsAreTheSame() {
    for (int bits : new int[] {4, 8}) {
      BlockMatrix m = quantize(bits, gaussian(70 * 96), 96);
      int[] wanted = {69, 0, 33, 33, 16, 5};
      BlockMatrix some = m.selectRows(wanted);
      float[] expected = new float[96];
      float[] found = new float[96];
      for (int i = 0; i < wanted.length; i++) {
        m.dequantizeRow(wanted[i], expected, 0);
        some.dequantizeRow(i, found, 0);
        assertThat(found).containsExactly(expected);
      }
    }
  }
}
