package io.github.nextclass.sampling;

/**
 * Draws a candidate by its probability: one uniform number per step, looked up in the cumulative
 * distribution.
 *
 * <pre>
 *   u = uniform(seed, step) in [0, 1)        choose the first i with  weight(0) + ... + weight(i) &gt; u * total
 * </pre>
 *
 * <p>The candidates stand in ascending order of id and the sums run in that order, in doubles. So
 * the seed fixes the choice, and does so on every machine.
 */
final class CategoricalDraw implements Chooser {
  private final long seed;

  CategoricalDraw(long seed) {
    this.seed = seed;
  }

  @Override
  public Chosen choose(Candidates candidates, int step) {
    candidates.weigh();
    double[] weights = candidates.weights();
    int count = candidates.count();
    double total = 0;
    for (int i = 0; i < count; i++) {
      total += weights[i];
    }
    double number = SplitMix64.uniform(seed, step);
    double target = number * total;
    double cumulative = 0;
    int lastPossible = 0;
    for (int i = 0; i < count; i++) {
      if (weights[i] > 0) {
        lastPossible = i;
        cumulative += weights[i];
        if (cumulative > target) {
          break;
        }
      }
    } // to the last one if the product was rounded up to the total
    double from = (cumulative - weights[lastPossible]) / total;
    return new Chosen(lastPossible, new Choice.Drawn(number, from, cumulative / total));
  }
}
