package io.github.nextclass.engine.quant;

/** Brain floats: the upper half of a float. */
public final class Bf16 {
  private Bf16() {}

  /**
   * To nearest, ties to even; a NaN stays one.
   *
   * @param x a float
   * @return its brain float
   */
  public static short round(float x) {
    int bits = Float.floatToRawIntBits(x);
    if (Float.isNaN(x)) {
      return (short) ((bits >>> 16) | 0x40); // quiet, and not rounded to infinity
    }
    int lowestKept = (bits >>> 16) & 1;
    return (short) ((bits + 0x7fff + lowestKept) >>> 16);
  }

  /**
   * Exact.
   *
   * @param x a brain float
   * @return the float
   */
  public static float widen(short x) {
    return Float.intBitsToFloat(x << 16);
  }
}
