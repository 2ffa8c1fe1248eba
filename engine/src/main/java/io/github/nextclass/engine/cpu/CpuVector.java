package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.backend.Weight;

/** A norm or a bias: small and used whole, so it is held in floats. */
record CpuVector(float[] values) implements Weight {
  @Override
  public int rows() {
    return 1;
  }

  @Override
  public int columns() {
    return values.length;
  }
}
