package io.github.nextclass.sampling;

/**
 * Finds where a sum of weights, taken in descending order of their keys, reaches a target, without
 * sorting: the weights are partitioned around random pivots, as quickselect does, with sums in the
 * place of counts.
 *
 * <pre>
 *   keys   [ ... inside ... | from   &gt; pivot | = pivot | &lt; pivot   to | ... outside ... ]
 * </pre>
 */
final class MassBorder {
  private double[] keys = {};
  private double[] weights = {};
  private int count;
  private double key;
  private int skipTies;

  /** Forgets all weights and makes room for new ones. */
  void clear(int capacity) {
    if (keys.length < capacity) {
      keys = new double[capacity];
      weights = new double[capacity];
    }
    count = 0;
  }

  void add(double key, double weight) {
    keys[count] = key;
    weights[count++] = weight;
  }

  /**
   * Finds the border. If the sum of all falls short of the target, as by rounding it may, the
   * border is the lowest key.
   */
  void find(double target) {
    int from = 0;
    int to = count;
    double before = 0; // the weight of what lies before from
    key = Double.POSITIVE_INFINITY;
    skipTies = 0;
    for (long round = 0; from < to; round++) {
      int pivotIndex = from + Math.floorMod(SplitMix64.mix(round), to - from);
      double pivot = keys[pivotIndex];
      int above = from; // end of the keys above the pivot
      int below = to; // start of the keys below it
      double aboveWeight = 0;
      for (int i = from; i < below; ) {
        if (keys[i] > pivot) {
          aboveWeight += weights[i];
          swap(i++, above++);
        } else if (keys[i] < pivot) {
          swap(i, --below);
        } else {
          i++;
        }
      }
      if (before + aboveWeight >= target) {
        to = above;
        continue;
      }
      before += aboveWeight;
      key = pivot;
      for (int i = above; i < below; i++) {
        before += weights[i];
        if (before >= target) {
          skipTies = below - 1 - i;
          return;
        }
      }
      from = below;
    }
  }

  /** The key at the border; positive infinity if there were no weights. */
  double key() {
    return key;
  }

  /** How many of those with exactly that key are not needed. */
  int skipTies() {
    return skipTies;
  }

  private void swap(int i, int j) {
    double key = keys[i];
    keys[i] = keys[j];
    keys[j] = key;
    double weight = weights[i];
    weights[i] = weights[j];
    weights[j] = weight;
  }
}
