package io.github.nextclass.sampling;

/**
 * Keeps the k highest scores, and with the last of them those that equal it:
 *
 * <pre>
 *   keep i  if  score(i) &gt;= the k-th highest score
 * </pre>
 *
 * <p>The k-th highest score comes from one pass with a heap of k, about n comparisons; nothing is
 * sorted.
 */
final class TopK implements LogitsFilter {
  private final int k;
  private final BestClasses best = new BestClasses();

  TopK(int k) {
    this.k = k;
  }

  @Override
  public void apply(Candidates candidates, TokenHistory history) {
    if (k < candidates.count()) {
      float[] scores = candidates.scores();
      best.select(scores, candidates.count(), k);
      candidates.keepFrom(scores[best.worst()], 0);
    }
  }
}
