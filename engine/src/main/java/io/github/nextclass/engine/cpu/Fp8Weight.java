package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.quant.Fp8Matrix;

/** An FP8 matrix where it lies in the mapped file: it is row-major as it is. */
record Fp8Weight(Fp8Matrix matrix) implements CpuMatrix {
  @Override
  public int rows() {
    return matrix.rows();
  }

  @Override
  public int columns() {
    return matrix.columns();
  }
}
