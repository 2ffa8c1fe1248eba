package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.backend.Weight;
import io.github.nextclass.engine.quant.BlockMatrix;

/** A matrix of q8 or q4 where it lies: its order is the one that {@link BlockKernels} read. */
record BlockWeight(BlockMatrix matrix) implements Weight {
  @Override
  public int rows() {
    return matrix.rows();
  }

  @Override
  public int columns() {
    return matrix.columns();
  }

  int blocks() {
    return matrix.columns() / BlockMatrix.BLOCK;
  }

  int panels() {
    return BlockMatrix.panels(matrix.rows());
  }
}
