package io.github.nextclass.engine.quant;

import java.lang.foreign.MemorySegment;

/**
 * Small integers, with a scale and a zero point for each output and group of inputs: what GPTQ and
 * AWQ have in common. They differ in where the integers lie.
 *
 * <pre>
 *   w[r, k] = (level(r, k) - zero(r, g)) * scale(r, g)        g = group(k)
 * </pre>
 *
 * <p>The difference is a small integer and the scale a 16-bit float, so the product is exact in 32
 * bits.
 */
public sealed interface GroupedMatrix extends StoredMatrix permits GptqMatrix, AwqMatrix {
  /**
   * The size of an integer.
   *
   * @return 4 or 8 bits
   */
  int bits();

  /**
   * The number of groups of inputs.
   *
   * @return at least 1
   */
  int groups();

  /**
   * The group of an input.
   *
   * @param k the input, a column
   * @return 0 to {@code groups() - 1}
   */
  int group(int k);

  /**
   * Whether groups are runs of neighbours: {@code group(k) = k / (columns / groups)}.
   *
   * @return false for GPTQ in order of activation
   */
  boolean groupsAreRuns();

  /**
   * The stored integer.
   *
   * @param row the output
   * @param k the input
   * @return 0 to {@code 2^bits - 1}
   */
  int level(int row, int k);

  /**
   * The integer that stands for 0.
   *
   * @param row the output
   * @param group the group of inputs
   * @return the zero point as the formula uses it
   */
  int zero(int row, int group);

  /**
   * The step between two levels.
   *
   * @param row the output
   * @param group the group of inputs
   * @return the scale, finite
   */
  float scale(int row, int group);

  /**
   * Writes the integers of some rows in the order in which a row is read, so that a kernel can
   * stream through them; both formats store them column by column.
   *
   * <pre>
   *   4 bits, bytes of one row    | k1 k0 | k3 k2 | k5 k4 | ...      low half first
   *   8 bits                      |  k0   |  k1   |  k2   | ...
   * </pre>
   *
   * @param fromRow the first row, a multiple of 8
   * @param toRow the end of the rows, a multiple of 8 or {@code rows()}
   * @param target memory for the whole matrix, {@code rows * columns * bits / 8} bytes
   */
  void copyRowMajor(int fromRow, int toRow, MemorySegment target);

  @Override
  default void dequantizeRow(int row, float[] out, int at) {
    for (int k = 0; k < columns(); k++) {
      int group = group(k);
      out[at + k] = (level(row, k) - zero(row, group)) * scale(row, group);
    }
  }
}
