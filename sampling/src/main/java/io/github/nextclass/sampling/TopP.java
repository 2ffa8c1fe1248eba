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
 * <p>Instead of sorting, two steps find the class at the border. First every class goes that cannot
 * be in the nucleus: n classes below a weight of c hold less than n * c together, and if that is
 * less than the mass to cut off, none of them is needed. Then the rest is partitioned around random
 * pivots, as quickselect does, with sums of weights in the place of counts.
 */
final class TopP implements LogitsFilter {
  private final double p;
  private int[] order = {};

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
    int remaining = selectHeavy(weights, count, (total - target) / count / 2);
    findBorder(candidates, scores, weights, remaining, target);
  }

  private int selectHeavy(double[] weights, int count, double minWeight) {
    if (order.length < count) {
      order = new int[count];
    }
    int selected = 0;
    for (int i = 0; i < count; i++) {
      if (weights[i] > minWeight) {
        order[selected++] = i;
      }
    }
    return selected;
  }

  /**
   * Narrows {@code order[from, to)} down to the border. {@code before} is the weight of what lies
   * before it.
   *
   * <pre>
   *   order   [ ... in the nucleus ... | from   &gt; pivot | = pivot | &lt; pivot   to | ... not in it ... ]
   * </pre>
   */
  private void findBorder(
      Candidates candidates, float[] scores, double[] weights, int remaining, double target) {
    int from = 0;
    int to = remaining;
    double before = 0;
    float threshold = Float.POSITIVE_INFINITY;
    for (long round = 0; from < to; round++) {
      int pivotIndex = order[from + Math.floorMod(SplitMix64.mix(round), to - from)];
      float pivot = scores[pivotIndex];
      double pivotWeight = weights[pivotIndex];
      int above = from; // end of the scores above the pivot
      int below = to; // start of the scores below it
      double aboveWeight = 0;
      for (int i = from; i < below; ) {
        int index = order[i];
        if (scores[index] > pivot) {
          order[i++] = order[above];
          order[above++] = index;
          aboveWeight += weights[index];
        } else if (scores[index] < pivot) {
          order[i] = order[--below];
          order[below] = index;
        } else {
          i++;
        }
      }
      if (before + aboveWeight >= target) {
        to = above;
        continue;
      }
      before += aboveWeight;
      threshold = pivot;
      int ties = below - above;
      for (int kept = 1; kept <= ties; kept++) {
        before += pivotWeight;
        if (before >= target) {
          candidates.keepFrom(pivot, ties - kept);
          return;
        }
      }
      from = below;
    }
    // Only rounding leads here: the sum of all falls short of the target by its last bits, so all
    // are needed.
    candidates.keepFrom(threshold, 0);
  }
}
