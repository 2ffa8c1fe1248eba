package io.github.nextclass.sampling;

/**
 * Keeps the nucleus: the most probable classes, best first, until their probabilities add up to p
 * (Holtzman et al. 2019).
 *
 * <pre>
 *   keep i  if  the sum of the probabilities of all classes before i, best first, is below p
 * </pre>
 *
 * <p>Of equal scores those with higher ids come first: so it follows from transformers, which sorts
 * in ascending order and cuts the lower end off, if its sort is stable. In exact arithmetic this is
 * the same set; the reference sums in float, so that a class exactly on the border may fall on the
 * other side there.
 *
 * <p>Nothing is sorted. First every class goes that cannot be in the nucleus: n classes below a
 * weight of c hold less than n * c together, and if that is less than the mass to cut off, none of
 * them is needed. Among the rest {@link MassBorder} finds the class at the border.
 */
final class TopP implements LogitsFilter {
  private final double p;
  private final MassBorder border = new MassBorder();

  TopP(double p) {
    this.p = p;
  }

  @Override
  public void apply(Candidates candidates, TokenHistory history) {
    candidates.weigh();
    float[] scores = candidates.scores();
    double[] weights = candidates.weights();
    int count = candidates.count();
    double total = candidates.softmax().total();
    double target = p * total;

    // Half of what could be cut off at most, so that rounding of the sums cannot matter.
    double minWeight = (total - target) / count / 2;
    border.clear(count);
    for (int i = 0; i < count; i++) {
      if (weights[i] > minWeight) {
        border.add(scores[i], weights[i]);
      }
    }
    border.find(target);
    candidates.keepFrom((float) border.key(), border.skipTies());
  }
}
