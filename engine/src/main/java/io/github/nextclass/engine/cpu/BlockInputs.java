package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.quant.BlockMatrix;

/**
 * The inputs of linear layers over {@link BlockWeight}s: 8-bit levels with a float scale for each
 * token and block of 32, as llama.cpp's Q8_0 has them.
 *
 * <pre>
 *   x[t, k] ~ levels[t, k] * scales[t, k / 32]        scale = largest / 127
 * </pre>
 *
 * <p>Kernels with vectors hold them in an order of their own: {@code packed}, or {@code
 * packedFloats}, and {@code packedScales}.
 */
final class BlockInputs {
  private static final int BLOCK = BlockMatrix.BLOCK;

  int tokens;
  int columns;
  int[] levels = new int[0];
  float[] scales = new float[0];
  int[] packed = new int[0];
  float[] packedFloats = new float[0];
  float[] packedScales = new float[0];

  /** Makes room for {@code levels} and {@code scales}. */
  void prepare(int tokens, int columns) {
    this.tokens = tokens;
    this.columns = columns;
    levels = levels.length < tokens * columns ? new int[tokens * columns] : levels;
    scales = scales.length < tokens * blocks() ? new float[tokens * blocks()] : scales;
  }

  /** Makes room for the order of a kernel, which has so many ints and floats for each block. */
  void preparePacked(int tokens, int columns, int packedTokens, int ints, int floats) {
    this.tokens = tokens;
    this.columns = columns;
    int length = Math.multiplyExact(packedTokens, blocks());
    int packedInts = Math.multiplyExact(length, ints);
    int floatsLength = Math.multiplyExact(length, floats);
    packed = packed.length < packedInts ? new int[packedInts] : packed;
    packedFloats = packedFloats.length < floatsLength ? new float[floatsLength] : packedFloats;
    packedScales = packedScales.length < length ? new float[length] : packedScales;
  }

  int blocks() {
    return columns / BLOCK;
  }

  /** Plain loops; a vector of the levels has the same values. */
  void quantize(float[] x, int token) {
    for (int block = 0; block < blocks(); block++) {
      int at = token * columns + block * BLOCK;
      float largest = 0f;
      for (int k = at; k < at + BLOCK; k++) {
        largest = Math.max(largest, Math.abs(x[k]));
      }
      scales[token * blocks() + block] = largest / LEVELS;
      float inverse = inverse(largest);
      for (int k = at; k < at + BLOCK; k++) {
        levels[k] = (int) (x[k] * inverse + ROUND - ROUND);
      }
    }
  }

  static final float LEVELS = 127f;

  /** Adding it rounds to a whole number, half to even. */
  static final float ROUND = 0x1.8p23f;

  /** Of the scale; 0 where it has none. */
  static float inverse(float largest) {
    return largest < 0x1p-100f ? 0f : LEVELS / largest;
  }
}
