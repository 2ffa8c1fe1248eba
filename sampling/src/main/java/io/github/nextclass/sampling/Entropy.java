package io.github.nextclass.sampling;

/**
 * How uncertain a classification is, in nats, from the weights of a softmax and without a logarithm
 * for each class:
 *
 * <pre>
 *   surprise(i) = -ln p(i) = ln total - (score(i) - max)
 *   entropy     = sum of p(i) * surprise(i) = ln total - sum of weight(i) * (score(i) - max) / total
 * </pre>
 */
final class Entropy {
  /** Farther below the maximum the weight is zero, and zero times infinity would be no number. */
  private static final double LOWEST = -1000;

  private Entropy() {}

  /** The entropy of candidates that were just weighed, at least one of them possible. */
  static double of(Candidates candidates) {
    float[] scores = candidates.scores();
    double[] weights = candidates.weights();
    Softmax softmax = candidates.softmax();
    double sum = 0;
    for (int i = 0; i < candidates.count(); i++) {
      sum += weights[i] * Math.max(depth(scores[i], softmax), LOWEST);
    }
    return StrictMath.log(softmax.total()) - sum / softmax.total();
  }

  /** The surprise of a score among candidates that were just weighed. */
  static double surprise(float score, Softmax softmax) {
    return StrictMath.log(softmax.total()) - depth(score, softmax);
  }

  /** How far a score lies below the maximum, as a number of at most zero. */
  static double depth(float score, Softmax softmax) {
    return score == softmax.max() ? 0 : (double) score - softmax.max();
  }
}
