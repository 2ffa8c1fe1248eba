package io.github.nextclass.sampling;

/**
 * Mirostat 2: a truncation that corrects itself so that the surprise of the chosen classes stays
 * near a target, in bits.
 *
 * <pre>
 *   mu  = 2 tau at first
 *   keep i  if  -log2 p(i) &lt;= mu, and in any case the best
 *   mu -= eta * (-log2 p(chosen) - tau)        p: over the classes that were kept
 * </pre>
 *
 * <p>It takes the place of every other truncation: what was set before goes, and what is set
 * afterwards is refused as a contradiction. Only for sampling. Basu et al. 2020; as llama.cpp's
 * {@code mirostat_v2}.
 *
 * @param tau the target, above 0, finite; 5 is usual
 * @param eta how fast it corrects, 0 to 1; 0.1 is usual
 */
public record Mirostat(double tau, double eta) implements FilterRule {

  /**
   * Creates the rule.
   *
   * @param tau the target, above 0, finite
   * @param eta how fast it corrects, 0 to 1
   */
  public Mirostat {
    Checks.check(tau > 0 && Double.isFinite(tau), "mirostat tau", "finite and above 0", tau);
    Checks.check(eta >= 0 && eta <= 1, "mirostat eta", "in [0, 1]", eta);
  }

  /** The filter of one generation; remembers mu. */
  static final class Filter implements LogitsFilter {
    private static final double LN2 = 0.6931471805599453;

    private final Mirostat rule;
    private double mu;

    Filter(Mirostat rule) {
      this.rule = rule;
      this.mu = 2 * rule.tau;
    }

    @Override
    public void apply(Candidates candidates, TokenHistory history) {
      candidates.weigh();
      candidates.keepWeights(candidates.softmax().total() * StrictMath.pow(2, -mu));
    }

    @Override
    public void chosen(Candidates candidates, int index) {
      double surprise = Entropy.surprise(candidates.scores()[index], candidates.measure()) / LN2;
      mu -= rule.eta * (surprise - rule.tau);
    }
  }
}
