package io.github.nextclass.safetensors;

/**
 * The float formats that Java does not know, widened to float.
 *
 * <pre>
 *   float     s eeeeeeee mmmmmmm mmmmmmmmmmmmmmmm      bias 127
 *   bfloat16  s eeeeeeee mmmmmmm                       the upper half of a float
 *   E4M3      s eeee mmm                               bias 7, no infinities, NaN = s 1111 111
 * </pre>
 */
final class SmallFloats {
  private static final float[] E4M3_VALUES = new float[256];

  static {
    for (int bits = 0; bits < E4M3_VALUES.length; bits++) {
      E4M3_VALUES[bits] = computeE4m3(bits);
    }
  }

  private SmallFloats() {}

  static float bfloat16ToFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /**
   * E4M3FN of "FP8 Formats for Deep Learning" (Micikevicius et al. 2022), PyTorch's float8_e4m3fn.
   */
  static float float8E4m3ToFloat(byte bits) {
    return E4M3_VALUES[Byte.toUnsignedInt(bits)];
  }

  /** value = (-1)^s * 2^(e-7) * 1.mmm, and (-1)^s * 2^-6 * 0.mmm where e = 0. */
  private static float computeE4m3(int bits) {
    int exponent = bits >> 3 & 0xf;
    int mantissa = bits & 7;
    if (exponent == 0xf && mantissa == 7) {
      return Float.NaN;
    }
    float magnitude =
        exponent == 0
            ? Math.scalb((float) mantissa, -9)
            : Math.scalb((float) (8 + mantissa), exponent - 10);
    return (bits & 0x80) == 0 ? magnitude : -magnitude;
  }
}
