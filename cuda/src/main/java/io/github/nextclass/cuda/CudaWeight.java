package io.github.nextclass.cuda;

import io.github.nextclass.engine.backend.Weight;

/** A weight on the device: a matrix in BF16 or F32, or a vector in F32. Compared by identity. */
final class CudaWeight implements Weight {
  private final int rows;
  private final int columns;
  private final boolean isBf16;
  private final long address;

  CudaWeight(int rows, int columns, boolean isBf16, long address) {
    this.rows = rows;
    this.columns = columns;
    this.isBf16 = isBf16;
    this.address = address;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int columns() {
    return columns;
  }

  boolean isBf16() {
    return isBf16;
  }

  long address() {
    return address;
  }
}
