package io.github.nextclass.engine.backend;

/**
 * The matrix of a linear layer in fewer bits than a float, as a checkpoint stores it: {@code [rows,
 * columns]}, that is {@code [outFeatures, inFeatures]}. Its values are those of the published
 * formula of its format, in 32-bit floats.
 *
 * <p>Immutable and safe for use by many threads, until the checkpoint is closed.
 */
public interface QuantizedMatrix {
  /**
   * The number of outputs.
   *
   * @return the number of rows, at least 1
   */
  int rows();

  /**
   * The number of inputs.
   *
   * @return the number of columns, at least 1
   */
  int columns();

  /**
   * Computes one row. Plain loops, which say what the values are; a backend that wants them faster
   * takes the stored form and is tested against these.
   *
   * @param row the row, from 0
   * @param out where the values go
   * @param at the place of the first of the {@code columns()} values
   */
  void dequantizeRow(int row, float[] out, int at);
}
