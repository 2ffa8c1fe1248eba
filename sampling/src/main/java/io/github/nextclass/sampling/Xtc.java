package io.github.nextclass.sampling;

/**
 * Exclude top choices: now and then leaves out all probable classes except the least probable of
 * them, so that a text takes a less worn path where there is more than one good one.
 *
 * <pre>
 *   with the given probability, if two classes or more have p &gt;= threshold:
 *   leave i out  if  p(i) &gt;= threshold, except the lowest such class (of equals the one with the highest id)
 * </pre>
 *
 * <p>Whether it happens follows from the seed and the step alone. Only for sampling. P. E. Weidmann
 * 2024 (text-generation-webui pull request 6335); as llama.cpp's {@code xtc}.
 *
 * @param probability how often it happens, 0 to 1; 0.5 is usual
 * @param threshold from which probability on a class is a top choice, above 0; above 0.5 there
 *     cannot be two, and nothing happens; 0.1 is usual
 */
public record Xtc(double probability, double threshold) implements FilterRule {

  /**
   * Creates the rule.
   *
   * @param probability how often it happens, 0 to 1
   * @param threshold from which probability on a class is a top choice, in (0, 1]
   */
  public Xtc {
    Checks.check(probability >= 0 && probability <= 1, "xtc probability", "in [0, 1]", probability);
    Checks.check(threshold > 0 && threshold <= 1, "xtc threshold", "in (0, 1]", threshold);
  }

  /** The filter of one generation. */
  static final class Filter implements LogitsFilter {
    /** Keeps its draws apart from those that choose the classes. */
    private static final long STREAM = 0x7c1a2b6d5e3f4908L;

    private final Xtc rule;
    private final long seed;

    Filter(Xtc rule, long seed) {
      this.rule = rule;
      this.seed = seed ^ STREAM;
    }

    @Override
    public void apply(Candidates candidates, TokenHistory history) {
      if (SplitMix64.uniform(seed, history.generatedLength()) >= rule.probability) {
        return;
      }
      candidates.weigh();
      float[] scores = candidates.scores();
      double[] weights = candidates.weights();
      double minWeight = rule.threshold * candidates.softmax().total();
      int spared = -1;
      for (int i = 0; i < candidates.count(); i++) {
        if (weights[i] > 0
            && weights[i] >= minWeight
            && (spared < 0 || scores[i] <= scores[spared])) {
          spared = i;
        }
      }
      if (spared >= 0) {
        int kept = spared;
        float lowest = scores[kept];
        candidates.retain(i -> scores[i] < lowest || i == kept);
      }
    }
  }
}
