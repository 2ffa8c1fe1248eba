package io.github.nextclass.engine.backend;

/**
 * A weight of the checkpoint as a backend holds it: a matrix {@code [rows, columns]} that maps
 * {@code columns} inputs to {@code rows} outputs, or a vector, which has one row. Immutable and
 * shared by threads.
 */
public interface Weight {
  /**
   * The number of outputs: {@code out_features} of a linear layer.
   *
   * @return the number of rows, at least 1
   */
  int rows();

  /**
   * The number of inputs: {@code in_features} of a linear layer, or the length of a vector.
   *
   * @return the number of columns, at least 1
   */
  int columns();
}
