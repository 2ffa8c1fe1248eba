package io.github.nextclass.sampling;

/**
 * Keeps the classes whose scores lie within n standard deviations of the best one. The set does not
 * depend on the temperature, which moves scores and deviation alike.
 *
 * <pre>
 *   keep i  if  score(i) &gt;= max - n * sigma        sigma: of all scores above negative infinity
 * </pre>
 *
 * <p>Only for sampling. Tang et al. 2024; as llama.cpp's {@code top-n-sigma}.
 *
 * @param n above 0, finite; 1 is usual
 */
public record TopNSigma(double n) implements FilterRule {

  /**
   * Creates the rule.
   *
   * @param n above 0, finite
   */
  public TopNSigma {
    Checks.check(n > 0 && Double.isFinite(n), "topNSigma", "finite and above 0", n);
  }

  /** The filter of one generation. */
  static final class Filter implements LogitsFilter {
    private final double n;

    Filter(TopNSigma rule) {
      n = rule.n;
    }

    @Override
    public void apply(Candidates candidates, TokenHistory history) {
      float[] scores = candidates.scores();
      int count = candidates.count();
      float max = Softmax.max(scores, count);
      candidates.keepFrom(
          Float.isInfinite(max) ? max : (float) (max - n * sigma(scores, count)), 0);
    }

    private static double sigma(float[] scores, int count) {
      double sum = 0;
      int possible = 0;
      for (int i = 0; i < count; i++) {
        if (scores[i] != Float.NEGATIVE_INFINITY) {
          sum += scores[i];
          possible++;
        }
      }
      double mean = sum / possible;
      double squares = 0;
      for (int i = 0; i < count; i++) {
        if (scores[i] != Float.NEGATIVE_INFINITY) {
          squares += (scores[i] - mean) * (scores[i] - mean);
        }
      }
      return Math.sqrt(squares / possible);
    }
  }
}
