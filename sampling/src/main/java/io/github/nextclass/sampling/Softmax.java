package io.github.nextclass.sampling;

/**
 * The weights behind a softmax, probability(i) = weight(i) / total:
 *
 * <pre>
 *   weight(i) = exp(score(i) - max)        total = sum of all weights
 * </pre>
 *
 * <p>The exponential is our own because a draw must come out the same on every machine: {@code
 * Math.exp} may differ between processors by its last bit, and {@code StrictMath.exp} is a call for
 * each of 151,936 scores. What is used here is addition and multiplication of doubles, which Java
 * defines to the bit, in loops that the JIT turns into vector code; one pass over the vocabulary
 * takes 0.4 of the time of {@code Math.exp}. The relative error is below 1e-14.
 *
 * <pre>
 *   exp(x) = 2^k * exp(r)     k = round(x / ln 2)     r = x - k ln 2, |r| at most ln(2) / 2     exp(r) by its series
 * </pre>
 *
 * <p>The sums have a fixed order. Weights of scores that lie 709 or more below the maximum are
 * zero. If the maximum is infinite, the scores that are infinite share the probability evenly,
 * which is the limit.
 */
final class Softmax {
  /**
   * Scratch for a block stays in the first-level cache; and separate small loops are what the JIT
   * vectorizes.
   */
  private static final int BLOCK = 512;

  private static final double LOG2_E = 1.4426950408889634;

  // ln 2 in two parts: k * LN2_HI is exact for every k that occurs.
  private static final double LN2_HI = 0x1.62e42feep-1;
  private static final double LN2_LO = 0x1.a39ef35793c76p-33;

  /**
   * Adding it leaves no bits behind the point, so the sum is rounded, and its low bits are the
   * integer.
   */
  private static final double ROUND = 0x1.8p52;

  private static final int EXPONENT_BIAS = 1023;
  private static final int EXPONENT_SHIFT = 52;

  /** Here the power of two becomes the bits of zero. */
  private static final double LOWEST = -EXPONENT_BIAS * 0.6931471805599453;

  private final double[] blockWeights = new double[BLOCK];
  private final double[] rounded = new double[BLOCK];
  private final float[] single = new float[1];

  private float max = Float.NEGATIVE_INFINITY;
  private double total;

  /**
   * Finds maximum and total of the first {@code count} scores. The total is NaN if and only if a
   * score is.
   */
  void measure(float[] scores, int count) {
    max = max(scores, count);
    total = 0;
    for (int from = 0; from < count; from += BLOCK) {
      int length = Math.min(BLOCK, count - from);
      blockWeights(scores, from, length);
      total += sum(blockWeights, length);
    }
  }

  /** As {@link #measure}, and keeps the weights. */
  void weigh(float[] scores, int count, double[] weights) {
    max = max(scores, count);
    total = 0;
    for (int from = 0; from < count; from += BLOCK) {
      int length = Math.min(BLOCK, count - from);
      blockWeights(scores, from, length);
      total += sum(blockWeights, length);
      System.arraycopy(blockWeights, 0, weights, from, length);
    }
  }

  /** The highest of the scores measured last. */
  float max() {
    return max;
  }

  /** The sum of the weights measured last. */
  double total() {
    return total;
  }

  /** The probability of a score among those measured last. */
  double probability(float score) {
    single[0] = score;
    blockWeights(single, 0, 1);
    return blockWeights[0] / total;
  }

  static float max(float[] scores, int count) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      if (scores[i] > max) {
        max = scores[i];
      }
    }
    return max;
  }

  private void blockWeights(float[] scores, int from, int length) {
    if (Float.isInfinite(max)) {
      infiniteWeights(scores, from, length);
      return;
    }
    double[] x = blockWeights;
    double[] k = rounded;
    double max = this.max;
    for (int i = 0; i < length; i++) {
      x[i] = Math.max(scores[from + i] - max, LOWEST);
    }
    for (int i = 0; i < length; i++) {
      k[i] = x[i] * LOG2_E + ROUND;
    }
    for (int i = 0; i < length; i++) {
      double integer = k[i] - ROUND;
      x[i] = (x[i] - integer * LN2_HI) - integer * LN2_LO;
    }
    for (int i = 0; i < length; i++) {
      x[i] = series(x[i]);
    }
    for (int i = 0; i < length; i++) {
      long exponent = Double.doubleToRawLongBits(k[i]) + EXPONENT_BIAS;
      x[i] *= Double.longBitsToDouble(exponent << EXPONENT_SHIFT);
    }
  }

  /**
   * exp(r) = 1 + r + r^2/2! + ... + r^12/12!, which is exact to the last bits for |r| up to
   * ln(2)/2.
   */
  private static double series(double r) {
    double p = 1 / 479001600.0;
    p = p * r + 1 / 39916800.0;
    p = p * r + 1 / 3628800.0;
    p = p * r + 1 / 362880.0;
    p = p * r + 1 / 40320.0;
    p = p * r + 1 / 5040.0;
    p = p * r + 1 / 720.0;
    p = p * r + 1 / 120.0;
    p = p * r + 1 / 24.0;
    p = p * r + 1 / 6.0;
    p = p * r + 1 / 2.0;
    p = p * r + 1;
    return p * r + 1;
  }

  private void infiniteWeights(float[] scores, int from, int length) {
    for (int i = 0; i < length; i++) {
      float score = scores[from + i];
      blockWeights[i] = Float.isNaN(score) ? Double.NaN : score == Float.POSITIVE_INFINITY ? 1 : 0;
    }
  }

  private static double sum(double[] weights, int length) {
    double sum0 = 0;
    double sum1 = 0;
    double sum2 = 0;
    double sum3 = 0;
    int i = 0;
    for (; i + 3 < length; i += 4) {
      sum0 += weights[i];
      sum1 += weights[i + 1];
      sum2 += weights[i + 2];
      sum3 += weights[i + 3];
    }
    for (; i < length; i++) {
      sum0 += weights[i];
    }
    return (sum0 + sum1) + (sum2 + sum3);
  }
}
