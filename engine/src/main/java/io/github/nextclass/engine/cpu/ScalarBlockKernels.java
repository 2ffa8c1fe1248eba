package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.quant.BlockMatrix;

/** {@link BlockKernels} in plain loops: the specification. */
final class ScalarBlockKernels implements BlockKernels {
  private static final int BLOCK = BlockMatrix.BLOCK;

  @Override
  public void prepare(BlockInputs inputs, int tokens, int columns, int bits) {
    inputs.prepare(tokens, columns, 0, 0);
  }

  @Override
  public int pieces(int tokens, int bits) {
    return tokens;
  }

  @Override
  public void pack(float[] x, BlockInputs inputs, int bits, int piece) {
    inputs.quantize(x, piece);
  }

  @Override
  public void linear(
      BlockWeight w, int from, int to, BlockInputs inputs, float[] out, BlockScratch scratch) {
    BlockMatrix matrix = w.matrix();
    int columns = matrix.columns();
    int end = Math.min(to * BlockMatrix.ROWS, matrix.rows());
    short[] levels = scratch.levels(columns);
    float[] scales = scratch.scales(w.blocks());
    for (int row = from * BlockMatrix.ROWS; row < end; row++) {
      for (int k = 0; k < columns; k++) {
        levels[k] = (short) matrix.level(row, k);
      }
      for (int block = 0; block < w.blocks(); block++) {
        scales[block] = matrix.scale(row, block * BLOCK);
      }
      for (int t = 0; t < inputs.tokens; t++) {
        out[t * matrix.rows() + row] = row(levels, scales, inputs, t);
      }
    }
  }

  private static float row(short[] levels, float[] scales, BlockInputs inputs, int token) {
    float sum = 0f;
    for (int block = 0; block < inputs.blocks(); block++) {
      int dot = 0;
      for (int k = block * BLOCK; k < (block + 1) * BLOCK; k++) {
        dot += levels[k] * inputs.levels[token * inputs.columns + k];
      }
      float scale = scales[block] * inputs.scales[token * inputs.blocks() + block];
      sum = Math.fma((float) dot, scale, sum);
    }
    return sum;
  }
}
