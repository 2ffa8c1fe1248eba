package io.github.nextclass.sampling;

import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * The classes that may still be chosen, in ascending order of id, with their scores. Filters change
 * scores and remove classes; nothing is ever sorted.
 *
 * <p>At first all classes are candidates, and index and id are the same:
 *
 * <pre>
 *   index    0     1     2     3     4              index    0     1
 *   scores   1.5   4.0  -0.5   0.1   3.2    ----&gt;   scores   4.0   3.2
 *   ids      (the index)                    keep    ids      1     4
 * </pre>
 *
 * <p>The first removal writes the ids down. A class with the score negative infinity is a candidate
 * that cannot be chosen; it goes with the next removal.
 */
final class Candidates {
  private final float[] scores;
  private final Softmax softmax = new Softmax();
  private int[] ids = {};
  private double[] weights = {};
  private int count;
  private boolean all;

  Candidates(int classes) {
    scores = new float[classes];
  }

  /** Starts a step with all classes. */
  void reset(float[] logits) {
    System.arraycopy(logits, 0, scores, 0, scores.length);
    count = scores.length;
    all = true;
  }

  int count() {
    return count;
  }

  /** The scores, by index; those up to {@link #count()} are valid and may be changed. */
  float[] scores() {
    return scores;
  }

  /** The class at an index. */
  int id(int index) {
    return all ? index : ids[index];
  }

  /** The index of a class; negative if it was removed. */
  int indexOf(int id) {
    return all ? id : Arrays.binarySearch(ids, 0, count, id);
  }

  /** The score of a class; negative infinity if it was removed. */
  float scoreOf(int id) {
    int index = indexOf(id);
    return index < 0 ? Float.NEGATIVE_INFINITY : scores[index];
  }

  /** Makes a class impossible. */
  void mask(int id) {
    int index = indexOf(id);
    if (index >= 0) {
      scores[index] = Float.NEGATIVE_INFINITY;
    }
  }

  /** Keeps the given classes, which are in ascending order. */
  void keepOnly(int[] allowed) {
    int kept = 0;
    makeIds();
    for (int id : allowed) {
      int index = indexOf(id);
      if (index >= 0) {
        // kept <= index, so nothing that is still to be read is overwritten
        scores[kept] = scores[index];
        ids[kept] = id;
        kept++;
      }
    }
    all = false;
    count = kept;
  }

  /** Keeps the classes whose bit is set: bit {@code id % 64} of element {@code id / 64}. */
  void keepOnly(long[] allowed) {
    int kept = 0;
    makeIds();
    if (all) {
      // Often few of very many classes are allowed, so empty elements are passed over at once.
      int limit = Math.min(allowed.length, (count + 63) / 64);
      for (int element = 0; element < limit; element++) {
        for (long bits = allowed[element]; bits != 0; bits &= bits - 1) {
          int id = 64 * element + Long.numberOfTrailingZeros(bits);
          if (id < count) {
            scores[kept] = scores[id];
            ids[kept] = id;
            kept++;
          }
        }
      }
    } else {
      for (int i = 0; i < count; i++) {
        int id = ids[i];
        if (id >> 6 < allowed.length && (allowed[id >> 6] >> id & 1) != 0) {
          scores[kept] = scores[i];
          ids[kept] = id;
          kept++;
        }
      }
    }
    all = false;
    count = kept;
  }

  /**
   * Keeps the classes with a score above the threshold, and those with exactly that score except
   * the first {@code skipTies} of them.
   */
  void keepFrom(float threshold, int skipTies) {
    int kept = 0;
    int ties = 0;
    makeIds();
    for (int i = 0; i < count; i++) {
      float score = scores[i];
      if (score >= threshold) {
        if (score == threshold && ties++ < skipTies) {
          continue;
        }
        scores[kept] = score;
        ids[kept] = id(i);
        kept++;
      }
    }
    all = false;
    count = kept;
  }

  /**
   * Keeps the classes with at least the given weight as of {@link #weigh()}, and in any case the
   * best.
   */
  void keepWeights(double minWeight) {
    double atLeast = Math.min(minWeight, 1); // the weight of the best
    float threshold = Float.POSITIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      if (weights[i] >= atLeast && scores[i] < threshold) {
        threshold = scores[i];
      }
    }
    keepFrom(threshold, 0);
  }

  /** Keeps the classes for whose indices the condition holds. */
  void retain(IntPredicate condition) {
    int kept = 0;
    makeIds();
    for (int i = 0; i < count; i++) {
      if (condition.test(i)) {
        scores[kept] = scores[i];
        ids[kept] = id(i);
        kept++;
      }
    }
    all = false;
    count = kept;
  }

  /** Finds maximum and total of the scores as they are now. */
  Softmax measure() {
    softmax.measure(scores, count);
    return softmax;
  }

  /**
   * Computes {@link #weights()} and the total of {@link #softmax()} from the scores as they are
   * now.
   */
  void weigh() {
    if (weights.length < count) {
      weights = new double[count];
    }
    softmax.weigh(scores, count, weights);
  }

  /** The weights as of {@link #weigh()}, by index. */
  double[] weights() {
    return weights;
  }

  /** Maximum and total as of the last measurement. */
  Softmax softmax() {
    return softmax;
  }

  /** Leaves only one class, also one that was removed. */
  void force(int id) {
    float score = scoreOf(id);
    restore(new int[] {id}, new float[] {score == Float.NEGATIVE_INFINITY ? 0 : score});
  }

  /** Leaves the given classes, in ascending order, with the given scores. */
  void restore(int[] someIds, float[] someScores) {
    makeIds();
    System.arraycopy(someIds, 0, ids, 0, someIds.length);
    System.arraycopy(someScores, 0, scores, 0, someIds.length);
    all = false;
    count = someIds.length;
  }

  /** A copy of the candidates as they are now. */
  Snapshot snapshot() {
    int possible = 0;
    for (int i = 0; i < count; i++) {
      possible += scores[i] == Float.NEGATIVE_INFINITY ? 0 : 1;
    }
    int[] idsNow = all ? new int[0] : Arrays.copyOf(ids, count);
    Softmax softmaxNow = new Softmax();
    float[] scoresNow = Arrays.copyOf(scores, count);
    softmaxNow.measure(scoresNow, count);
    return new Snapshot(all, idsNow, scoresNow, softmaxNow, possible);
  }

  /** Candidates as they were. */
  record Snapshot(boolean all, int[] ids, float[] scores, Softmax softmax, int possible) {
    FilterEffect.Score score(int id) {
      int index = all ? id : Arrays.binarySearch(ids, id);
      float score = index < 0 ? Float.NEGATIVE_INFINITY : scores[index];
      return new FilterEffect.Score(id, score, softmax.probability(score));
    }
  }

  private void makeIds() {
    if (ids.length == 0) {
      ids = new int[scores.length];
    }
  }
}
