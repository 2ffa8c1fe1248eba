package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.quant.BlockMatrix;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** {@link BlockKernels} with the Vector API: a few tokens as rows, many as tiles. */
final class VectorBlockKernels implements BlockKernels {
  private static final int BLOCK = BlockMatrix.BLOCK;

  /**
   * Up to so many tokens, levels are not worth unpacking. Linear layers of 0.6B, two threads, as
   * rows and as tiles: 8 tokens in q4 38 and 48 ms, 16 tokens 75 and 74, 24 tokens 113 and 101; in
   * q8 54 and 73, 101 and 114, 153 and 153. With AVX2 in q4 63 and 66, 117 and 106; in q8 71 and
   * 96, 129 and 153.
   */
  private static final int FEW_TOKENS = 16;

  private final int fewTokens;

  VectorBlockKernels() {
    this(FEW_TOKENS);
  }

  /** For tests: up to so many tokens go as rows. */
  VectorBlockKernels(int fewTokens) {
    this.fewTokens = fewTokens;
  }

  @Override
  public void prepare(BlockInputs inputs, int tokens, int columns, int bits) {
    if (streams(tokens)) {
      inputs.prepare(tokens, columns);
      BlockRowKernel.prepare(inputs, bits);
    } else {
      BlockTileKernel.prepare(inputs, tokens, columns, bits);
    }
  }

  @Override
  public boolean streams(int tokens) {
    return tokens <= fewTokens;
  }

  @Override
  public int pieces(int tokens) {
    return streams(tokens) ? tokens : BlockTileKernel.tiles(tokens);
  }

  @Override
  public void pack(float[] x, BlockInputs inputs, int bits, int piece) {
    if (streams(inputs.tokens)) {
      quantize(x, inputs, piece);
      BlockRowKernel.pack(inputs, bits, piece);
      return;
    }
    BlockTileKernel.pack(x, inputs, bits, piece);
  }

  /** {@link BlockInputs#quantize} with vectors. */
  private static void quantize(float[] x, BlockInputs inputs, int token) {
    for (int block = 0; block < inputs.blocks(); block++) {
      int at = token * inputs.columns + block * BLOCK;
      float largest = largest(x, at);
      inputs.scales[token * inputs.blocks() + block] = largest / BlockInputs.LEVELS;
      float inverse = BlockInputs.inverse(largest);
      for (int k = at; k < at + BLOCK; k += Lanes.WIDTH) {
        ((IntVector) rounded(x, k, inverse).convert(VectorOperators.F2I, 0))
            .intoArray(inputs.levels, k);
      }
    }
  }

  /** The largest magnitude of a block; a maximum has no rounding, so its order does not matter. */
  static float largest(float[] x, int at) {
    FloatVector max = FloatVector.zero(Lanes.F32);
    for (int k = at; k < at + BLOCK; k += Lanes.WIDTH) {
      max = max.max(FloatVector.fromArray(Lanes.F32, x, k).abs());
    }
    return max.reduceLanes(VectorOperators.MAX);
  }

  /** Levels of some inputs, as floats. */
  static FloatVector rounded(float[] x, int at, float inverse) {
    return FloatVector.fromArray(Lanes.F32, x, at)
        .mul(inverse)
        .add(BlockInputs.ROUND)
        .sub(BlockInputs.ROUND);
  }

  @Override
  public void linear(
      BlockWeight w, int from, int to, BlockInputs inputs, float[] out, BlockScratch scratch) {
    if (streams(inputs.tokens)) {
      BlockRowKernel.run(w, from, to, inputs, out, scratch);
    } else {
      BlockTileKernel.run(w, from, to, inputs, out, scratch);
    }
  }
}
