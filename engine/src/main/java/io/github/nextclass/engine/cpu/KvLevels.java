package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.quant.Bf16;

/** Rounding of 32 numbers of a head to 8 bits with one scale. */
final class KvLevels {
  static final int HIGHEST = 127;

  /** Adding it rounds to a whole number, half to even, where the sum is below 2^24. */
  private static final float ROUND = 0x1.8p23f;

  /** Numbers so small are zero: their scale has no reciprocal. */
  private static final float NOTHING = 0x1p-100f;

  private KvLevels() {}

  /**
   * Scales that are tried: the one that brings the largest number to the highest level, and the
   * next ones that bf16 has. The best of four makes good what rounding the scale costs.
   */
  private static final int CANDIDATES = 4;

  /** The scale, in bf16, of the least squared error. */
  static short scale(float[] x, int from, int to) {
    float largest = 0f;
    for (int i = from; i < to; i++) {
      largest = Math.max(largest, Math.abs(x[i])); // a NaN stays one
    }
    if (largest / HIGHEST < NOTHING) {
      return 0;
    }
    short first = Bf16.round(largest / HIGHEST);
    short best = first;
    float least = Float.POSITIVE_INFINITY;
    for (int i = 0; i < CANDIDATES; i++) {
      short candidate = (short) (first + i);
      float error = squaredError(x, from, to, candidate);
      if (error < least) {
        best = candidate;
        least = error;
      }
    }
    return best;
  }

  private static float squaredError(float[] x, int from, int to, short scale) {
    float wide = Bf16.widen(scale);
    float inverse = inverse(scale);
    float sum = 0f;
    for (int i = from; i < to; i++) {
      float error = x[i] - rounded(x[i], inverse) * wide;
      sum += error * error;
    }
    return sum;
  }

  /** What a number is multiplied by to make a level of it; 0 where all numbers are. */
  static float inverse(short scale) {
    float wide = Bf16.widen(scale);
    return wide == 0f ? 0f : 1f / wide;
  }

  /** To nearest, ties to even. */
  static byte level(float x, float inverse) {
    return (byte) rounded(x, inverse);
  }

  private static float rounded(float x, float inverse) {
    float level = x * inverse + ROUND - ROUND;
    return Math.max(-HIGHEST, Math.min(level, HIGHEST));
  }
}
