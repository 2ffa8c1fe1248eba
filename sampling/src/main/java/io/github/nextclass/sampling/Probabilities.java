package io.github.nextclass.sampling;

import java.util.Arrays;

/** Scores to probabilities, a few at a time; {@link Softmax} is for whole vocabularies. */
final class Probabilities {
  private Probabilities() {}

  /** {@code exp(s[i]) / sum of exp(s[j])}. */
  static double[] softmax(double[] scores) {
    double max = Arrays.stream(scores).max().orElseThrow();
    double[] p = Arrays.stream(scores).map(score -> StrictMath.exp(score - max)).toArray();
    double sum = Arrays.stream(p).sum();
    return Arrays.stream(p).map(weight -> weight / sum).toArray();
  }

  /** The softmax of two scores, of which the first is {@code difference} above the second. */
  static double sigmoid(double difference) {
    return 1 / (1 + StrictMath.exp(-difference));
  }
}
