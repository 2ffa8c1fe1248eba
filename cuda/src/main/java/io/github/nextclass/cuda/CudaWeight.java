package io.github.nextclass.cuda;

import io.github.nextclass.engine.backend.Weight;

/** A weight on the device: a matrix, or a vector in F32. Compared by identity. */
final class CudaWeight implements Weight {
  /** How a number is held. */
  enum Format {
    /** 16 bits, as most checkpoints have them. */
    BF16,
    /** 32 bits. */
    F32,
    /** 8 bits and a scale for each 32 columns, as {@code device.cuh} says. */
    Q8
  }

  private final int rows;
  private final int columns;
  private final Format format;
  private final long address;

  CudaWeight(int rows, int columns, Format format, long address) {
    this.rows = rows;
    this.columns = columns;
    this.format = format;
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

  Format format() {
    return format;
  }

  long address() {
    return address;
  }
}
