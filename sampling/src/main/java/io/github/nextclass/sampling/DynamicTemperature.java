package io.github.nextclass.sampling;

/**
 * A temperature that follows the uncertainty: low where the model is sure, high where it is not.
 *
 * <pre>
 *   low, high = temperature - range (at least 0), temperature + range
 *   t         = low + (high - low) * (entropy / ln n) ^ exponent        n: number of classes left
 *   score(i)  = score(i) / t                                           t below 1e-5 keeps the best class only
 * </pre>
 *
 * <p>It takes the place of the fixed temperature, and applies last, so that the entropy is that of
 * the classes that truncation has left. Only for sampling. As llama.cpp's {@code temp_ext}
 * (kalomaze 2023).
 *
 * @param range above 0, finite
 * @param exponent above 0, finite; 1 is usual
 */
public record DynamicTemperature(double range, double exponent) implements FilterRule {

  /**
   * Creates the rule.
   *
   * @param range above 0, finite
   * @param exponent above 0, finite
   */
  public DynamicTemperature {
    Checks.check(
        range > 0 && Double.isFinite(range),
        "dynamicTemperature range",
        "finite and above 0",
        range);
    Checks.check(
        exponent > 0 && Double.isFinite(exponent),
        "dynamicTemperature exponent",
        "finite and above 0",
        exponent);
  }

  /** The filter of one generation. */
  static final class Filter implements LogitsFilter {
    private final double low;
    private final double high;
    private final double exponent;

    Filter(DynamicTemperature rule, double temperature) {
      low = Math.max(0, temperature - rule.range);
      high = temperature + rule.range;
      exponent = rule.exponent;
    }

    @Override
    public void apply(Candidates candidates, TokenHistory history) {
      candidates.weigh();
      int left = left(candidates);
      if (left < 2) {
        return;
      }
      double uncertainty = Entropy.of(candidates) / StrictMath.log(left);
      double share = StrictMath.pow(Math.max(0, uncertainty), exponent);
      float temperature = (float) (low + (high - low) * share);
      if (temperature < Decoding.MIN_TEMPERATURE) {
        candidates.keepFrom(candidates.softmax().max(), 0);
      } else {
        Temperature.divide(candidates.scores(), candidates.count(), temperature);
      }
    }

    /** How many classes can still be chosen. */
    private static int left(Candidates candidates) {
      int left = 0;
      for (int i = 0; i < candidates.count(); i++) {
        left += candidates.scores()[i] == Float.NEGATIVE_INFINITY ? 0 : 1;
      }
      return left;
    }
  }
}
