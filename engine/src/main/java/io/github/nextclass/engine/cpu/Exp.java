package io.github.nextclass.engine.cpu;

/**
 * The exponential function of all kernels. Math.exp is exact but slow, and the vector library
 * behind the Vector API's EXP is not there on every CPU; so one polynomial serves scalar and vector
 * code with the same bits, relative error below 2e-7:
 *
 * <pre>
 *   n = round(x / ln 2)      r = x - n ln 2      exp(x) = 2^n exp(r),   |r| &lt;= ln 2 / 2
 * </pre>
 *
 * <p>ln 2 is in two parts so that r keeps its digits; the polynomial is that of Cephes' expf
 * (Moshier, 1992).
 */
final class Exp {
  static final float LOWEST = -87.33654f; // below it the result would leave the normal floats
  static final float HIGHEST = 88.02969f; // above it 2^n would
  static final float LOG2_E = 1.442695f;
  static final float LN2_HIGH = 0.6933594f;
  static final float LN2_LOW = -2.1219444e-4f;

  /** Added to a number below 2^22 it leaves the rounded integer in the low bits. */
  static final float ROUND = 12582912f; // 1.5 * 2^23

  static final float P0 = 1.9875691e-4f;
  static final float P1 = 0.0013981999f;
  static final float P2 = 0.008333452f;
  static final float P3 = 0.041665796f;
  static final float P4 = 0.16666666f;
  static final float P5 = 0.5f;

  /** Shifts an integer into the exponent of a float. */
  static final int EXPONENT_SHIFT = 23;

  private Exp() {}

  static float exp(float x) {
    float clamped = Math.min(Math.max(x, LOWEST), HIGHEST);
    float rounded = Math.fma(clamped, LOG2_E, ROUND);
    float n = rounded - ROUND;
    float r = Math.fma(n, -LN2_HIGH, clamped);
    r = Math.fma(n, -LN2_LOW, r);
    float p = Math.fma(P0, r, P1);
    p = Math.fma(p, r, P2);
    p = Math.fma(p, r, P3);
    p = Math.fma(p, r, P4);
    p = Math.fma(p, r, P5);
    p = Math.fma(p, r * r, r) + 1f;
    return Float.intBitsToFloat(
        Float.floatToRawIntBits(p) + (Float.floatToRawIntBits(rounded) << EXPONENT_SHIFT));
  }
}
