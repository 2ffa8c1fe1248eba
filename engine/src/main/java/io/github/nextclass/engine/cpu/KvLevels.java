package io.github.nextclass.engine.cpu;

/** Rounding of 32 numbers of a head to 8 bits with one scale. */
final class KvLevels {
  static final int HIGHEST = 127;

  /** Numbers so small are zero: their scale has no reciprocal. */
  private static final float NOTHING = 0x1p-100f;

  private KvLevels() {}

  /**
   * The scale, in bf16, that brings the largest number to the highest level. Rounded to nearest: a
   * scale that comes out a little small costs the largest number a quarter of a level, one that is
   * always rounded up would cost every number more.
   */
  static short scale(float[] x, int from, int to) {
    float largest = 0f;
    for (int i = from; i < to; i++) {
      largest = Math.max(largest, Math.abs(x[i])); // a NaN stays one
    }
    float scale = largest / HIGHEST;
    return scale < NOTHING ? 0 : Bf16.round(scale);
  }

  /** What a number is multiplied by to make a level of it; 0 where all numbers are. */
  static float inverse(short scale) {
    float wide = Bf16.widen(scale);
    return wide == 0f ? 0f : 1f / wide;
  }

  /** To nearest, ties to even. */
  static byte level(float x, float inverse) {
    float level = (float) Math.rint(x * inverse);
    return (byte) Math.clamp(level, -HIGHEST, HIGHEST);
  }
}
