package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.quant.BlockMatrix;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** {@link BlockKernels} with the Vector API: a few tokens as rows, many as tiles. */
final class VectorBlockKernels implements BlockKernels {
  private static final int BLOCK = BlockMatrix.BLOCK;

  /**
   * Up to so many tokens, levels are not worth unpacking. Measured with the 0.6B shape on two
   * threads: 8 tokens in q4 take 47 ms as rows and 59 ms as tiles, 12 take 66 and 59; 16 tokens in
   * q8 take 106 ms and 126 ms, 24 about the same.
   */
  private static int fewTokens(int bits) {
    return bits == 4 ? 8 : 16;
  }

  @Override
  public void prepare(BlockInputs inputs, int tokens, int columns, int bits) {
    if (tokens <= fewTokens(bits)) {
      inputs.prepare(tokens, columns, BlockRowKernel.room(tokens), BlockRowKernel.PACKED);
    } else {
      int padded = BlockTileKernel.tiles(tokens) * BlockTileKernel.TOKENS;
      inputs.prepare(tokens, columns, padded, BLOCK);
    }
  }

  @Override
  public int pieces(int tokens, int bits) {
    return tokens <= fewTokens(bits) ? tokens : BlockTileKernel.tiles(tokens);
  }

  @Override
  public void pack(float[] x, BlockInputs inputs, int bits, int piece) {
    if (inputs.tokens <= fewTokens(bits)) {
      quantize(x, inputs, piece);
      BlockRowKernel.pack(inputs, bits, piece);
      return;
    }
    int first = piece * BlockTileKernel.TOKENS;
    int end = Math.min(first + BlockTileKernel.TOKENS, inputs.tokens);
    for (int token = first; token < end; token++) {
      quantize(x, inputs, token);
    }
    BlockTileKernel.packTile(inputs, piece);
  }

  /** {@link BlockInputs#quantize}; a maximum has no rounding, so its order does not matter. */
  private static void quantize(float[] x, BlockInputs inputs, int token) {
    for (int block = 0; block < inputs.blocks(); block++) {
      int at = token * inputs.columns + block * BLOCK;
      FloatVector max = FloatVector.zero(Lanes.F32);
      for (int k = at; k < at + BLOCK; k += Lanes.WIDTH) {
        max = max.max(FloatVector.fromArray(Lanes.F32, x, k).abs());
      }
      float largest = max.reduceLanes(VectorOperators.MAX);
      inputs.scales[token * inputs.blocks() + block] = largest / BlockInputs.LEVELS;
      float inverse = BlockInputs.inverse(largest);
      for (int k = at; k < at + BLOCK; k += Lanes.WIDTH) {
        FloatVector rounded =
            FloatVector.fromArray(Lanes.F32, x, k)
                .mul(inverse)
                .add(BlockInputs.ROUND)
                .sub(BlockInputs.ROUND);
        ((IntVector) rounded.convert(VectorOperators.F2I, 0)).intoArray(inputs.levels, k);
      }
    }
  }

  @Override
  public void linear(
      BlockWeight w, int from, int to, BlockInputs inputs, float[] out, BlockScratch scratch) {
    if (inputs.tokens <= fewTokens(w.matrix().bits())) {
      BlockRowKernel.run(w, from, to, inputs, out, scratch);
    } else {
      BlockTileKernel.run(w, from, to, inputs, out, scratch);
    }
  }
}
