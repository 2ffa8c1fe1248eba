package io.github.nextclass.engine.backend;

/**
 * Activations, row-major {@code [rows, columns]} in 32-bit floats, in memory that belongs to a
 * {@link Backend}. Only the backend that made a buffer can look into it.
 */
public interface Buffer {
  /**
   * The rows that there is room for: the largest number of tokens that an operation may name.
   *
   * @return the number of rows, at least 1
   */
  int rows();

  /**
   * The number of floats in a row.
   *
   * @return the number of columns, at least 1
   */
  int columns();
}
