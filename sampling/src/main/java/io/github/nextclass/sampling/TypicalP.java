package io.github.nextclass.sampling;

import java.util.Arrays;

/**
 * Locally typical sampling: keeps the classes whose surprise is nearest to the entropy, nearest
 * first, until their probabilities add up to p. What is far too obvious is left out as well as what
 * is far too strange.
 *
 * <pre>
 *   distance(i) = |-ln p(i) - entropy|
 *   keep i  if  distance(i) &lt;= the distance at which the sum of p, nearest first, reaches p
 * </pre>
 *
 * <p>Only for sampling. Meister et al. 2022; as transformers' {@code TypicalLogitsWarper}.
 *
 * @param p above 0, up to 1, which keeps all; 0.2 to 0.95 are usual
 */
public record TypicalP(double p) implements FilterRule {

  /**
   * Creates the rule.
   *
   * @param p above 0, up to 1
   */
  public TypicalP {
    Checks.check(p > 0 && p <= 1, "typicalP", "in (0, 1]", p);
  }

  /** The filter of one generation. */
  static final class Filter implements LogitsFilter {
    private final double p;
    private final int atLeast;
    private final MassBorder border = new MassBorder();
    private double[] nearness = {};

    /**
     * Creates it.
     *
     * @param rule its number
     * @param atLeast how many classes must be left, the most typical ones
     */
    Filter(TypicalP rule, int atLeast) {
      p = rule.p;
      this.atLeast = atLeast;
    }

    @Override
    public void apply(Candidates candidates, TokenHistory history) {
      candidates.weigh();
      Softmax softmax = candidates.softmax();
      if (p == 1 || softmax.total() == 0) {
        return;
      }
      int count = candidates.count();
      if (nearness.length < count) {
        nearness = new double[count];
      }
      float[] scores = candidates.scores();
      double[] weights = candidates.weights();
      double typicalDepth = StrictMath.log(softmax.total()) - Entropy.of(candidates);
      border.clear(count);
      for (int i = 0; i < count; i++) {
        nearness[i] = -Math.abs(typicalDepth - Entropy.depth(scores[i], softmax));
        if (weights[i] > 0) {
          border.add(nearness[i], weights[i]);
        }
      }
      border.find(p * softmax.total());
      double nearest = Math.min(border.key(), nearestOf(count));
      candidates.retain(i -> nearness[i] >= nearest);
    }

    /** How near the last of those is that must be left. */
    private double nearestOf(int count) {
      if (atLeast == 1) {
        return Double.POSITIVE_INFINITY; // the border leaves one
      }
      double[] sorted = Arrays.copyOf(nearness, count);
      Arrays.sort(sorted);
      return sorted[Math.max(0, count - atLeast)];
    }
  }
}
