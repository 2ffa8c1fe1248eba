package io.github.nextclass.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nextclass.engine.quant.Fp8Matrix;
import io.github.nextclass.engine.quant.GroupedMatrix;
import io.github.nextclass.engine.quant.RandomMatrices;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The row-major copy and the vector code give the values of {@link
 * io.github.nextclass.engine.backend.QuantizedMatrix#dequantizeRow}, to the bit. The build runs
 * these tests at 128 and 256 bits too.
 */
@Tag("vector-width")
class WidenQuantizedTest {
  @TempDir private Path folder;

  private interface Row {
    void write(int row, float[] out, int at);
  }

  private static float[] row(Row code, int row, int columns) {
    float[] out = new float[columns + 5];
    code.write(row, out, 5);
    float[] values = new float[columns];
    System.arraycopy(out, 5, values, 0, columns);
    return values;
  }

  /** From even weights and then odd ones to their own order. */
  private static float[] inOrder(float[] evensThenOdds) {
    float[] values = new float[evensThenOdds.length];
    for (int k = 0; k < values.length; k++) {
      int block = k - k % Lane.PERIOD;
      values[k] = evensThenOdds[block + k % 2 * Lane.COUNT + k % Lane.PERIOD / 2];
    }
    return values;
  }

  private static void assertSame(GroupedMatrix matrix) {
    try (Arena arena = Arena.ofConfined();
        Workers workers = new Workers(1)) {
      GroupedWeight weight = new GroupedWeight(matrix, arena, workers);
      int columns = matrix.columns();
      for (int r = 0; r < matrix.rows(); r++) {
        float[] expected = row(matrix::dequantizeRow, r, columns);
        assertThat(row(weight::dequantizeRow, r, columns)).containsExactly(expected);
        float[] vector = row((i, out, at) -> WidenQuantized.row(weight, i, out, at), r, columns);
        assertThat(inOrder(vector)).containsExactly(expected);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "8, 64, 4, 1", "8, 64, 4, 2", "24, 192, 4, 6", "136, 1024, 4, 8", "8, 1024, 4, 1",
    "8, 64, 8, 1", "8, 64, 8, 2", "20, 192, 8, 6", "132, 1024, 8, 8", "4, 1024, 8, 1"
  })
  void gptq(int rows, int columns, int bits, int groups) throws IOException {
    try (RandomMatrices matrices = new RandomMatrices(folder)) {
      assertSame(matrices.gptq(rows, columns, bits, groups, false));
    }
  }

  @ParameterizedTest
  @CsvSource({"16, 192, 4, 6", "12, 256, 8, 2"})
  void gptqInOrderOfActivation(int rows, int columns, int bits, int groups) throws IOException {
    try (RandomMatrices matrices = new RandomMatrices(folder)) {
      assertSame(matrices.gptq(rows, columns, bits, groups, true));
    }
  }

  @ParameterizedTest
  @CsvSource({"8, 64, 1", "24, 192, 6", "136, 1024, 8"})
  void awq(int rows, int columns, int groups) throws IOException {
    try (RandomMatrices matrices = new RandomMatrices(folder)) {
      assertSame(matrices.awq(rows, columns, groups));
    }
  }

  @ParameterizedTest
  @CsvSource({"4, 64", "130, 192", "129, 1024"})
  void fp8(int rows, int columns) throws IOException {
    try (RandomMatrices matrices = new RandomMatrices(folder)) {
      Fp8Matrix matrix = matrices.fp8(rows, columns);
      for (int r = 0; r < rows; r++) {
        float[] expected = row(matrix::dequantizeRow, r, columns);
        float[] vector = row((i, out, at) -> WidenQuantized.row(matrix, i, out, at), r, columns);
        assertThat(inOrder(vector)).containsExactly(expected);
      }
    }
  }

  @Test
  void everyByteOfE4m3WidensAsTheTableSays() throws IOException {
    try (RandomMatrices matrices = new RandomMatrices(folder)) {
      Fp8Matrix matrix = matrices.everyByte();
      float[] expected = row(matrix::dequantizeRow, 0, 256);
      float[] vector = row((i, out, at) -> WidenQuantized.row(matrix, i, out, at), 0, 256);
      assertThat(inOrder(vector)).containsExactly(expected);
      assertThat(expected[0x7e]).isEqualTo(448f);
      assertThat(expected[0x7f]).isNaN();
      assertThat(expected[0x81]).isEqualTo(-0x1p-9f);
    }
  }
}
