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
    candidates.keepWeights(minP);
  }
}
