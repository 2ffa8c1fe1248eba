package io.github.nextclass.sampling;

/**
 * Leaves out the classes below a probability that is lower where the model is uncertain, but never
 * the best one.
 *
 * <pre>
 *   eta = min(epsilon, sqrt(epsilon) * exp(-entropy))
 *   keep i  if  p(i) &gt;= eta
 * </pre>
 *
 * <p>Only for sampling. Hewitt et al. 2022; as transformers' {@code EtaLogitsWarper}.
 *
 * @param epsilon 0, which keeps all, to below 1; the paper recommends 3e-4 to 4e-3
 */
public record EtaCutoff(double epsilon) implements FilterRule {

  /**
   * Creates the rule.
   *
   * @param epsilon 0 to below 1
   */
  public EtaCutoff {
    Checks.check(epsilon >= 0 && epsilon < 1, "etaCutoff", "in [0, 1)", epsilon);
  }

  /** The filter of one generation. */
  static final class Filter implements LogitsFilter {
    private final double epsilon;

    Filter(EtaCutoff rule) {
      epsilon = rule.epsilon;
    }

    @Override
    public void apply(Candidates candidates, TokenHistory history) {
      candidates.weigh();
      double entropy = Entropy.of(candidates);
      double eta = Math.min(epsilon, Math.sqrt(epsilon) * StrictMath.exp(-entropy));
      candidates.keepWeights(eta * candidates.softmax().total());
    }
  }
}
