package io.github.nextclass.sampling;

/**
 * Leaves out the classes that are less probable than epsilon, but never the best one.
 *
 * <pre>
 *   keep i  if  p(i) &gt;= epsilon
 * </pre>
 *
 * <p>Only for sampling. Hewitt et al. 2022; as transformers' {@code EpsilonLogitsWarper}.
 *
 * @param epsilon 0, which keeps all, to below 1; the paper recommends 3e-4 to 9e-4
 */
public record EpsilonCutoff(double epsilon) implements FilterRule {

  /**
   * Creates the rule.
   *
   * @param epsilon 0 to below 1
   */
  public EpsilonCutoff {
    Checks.check(epsilon >= 0 && epsilon < 1, "epsilonCutoff", "in [0, 1)", epsilon);
  }

  /** The filter of one generation. */
  static final class Filter implements LogitsFilter {
    private final double epsilon;

    Filter(EpsilonCutoff rule) {
      epsilon = rule.epsilon;
    }

    @Override
    public void apply(Candidates candidates, TokenHistory history) {
      candidates.weigh();
      candidates.keepWeights(epsilon * candidates.softmax().total());
    }
  }
}
