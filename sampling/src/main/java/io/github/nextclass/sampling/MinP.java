package io.github.nextclass.sampling;

/**
 * Keeps what is likely enough beside the best class (Nguyen et al. 2024, Turning Up the Heat):
 *
 * <pre>
 *   keep i  if  probability(i) &gt;= minP * probability(best)        that is, weight(i) &gt;= minP, as weight(best) = 1
 * </pre>
 */
final class MinP implements LogitsFilter {
  private final double minP;

  MinP(double minP) {
    this.minP = minP;
  }

  @Override
  public void apply(Candidates candidates, TokenHistory history) {
    candidates.weigh();
    float[] scores = candidates.scores();
    double[] weights = candidates.weights();
    float threshold = Float.POSITIVE_INFINITY;
    for (int i = 0; i < candidates.count(); i++) {
      if (weights[i] >= minP && scores[i] < threshold) {
        threshold = scores[i];
      }
    }
    candidates.keepFrom(threshold, 0);
  }
}
