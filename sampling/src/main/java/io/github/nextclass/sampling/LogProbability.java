package io.github.nextclass.sampling;

/**
 * The logarithm of a class's probability, in nats:
 *
 * <pre>
 *   log p[c] = logits[c] - log(sum over j of exp(logits[j]))
 * </pre>
 *
 * <p>Not thread-safe.
 */
final class LogProbability {
  private final Softmax softmax = new Softmax();
  private float[] logits = {};
  private double logTotal;

  /**
   * Takes the scores of all classes.
   *
   * @param position for the message if they are no numbers
   * @throws NumericException if one is NaN
   */
  void measure(float[] scores, int position) {
    requireNumbers(scores, position);
    logits = scores;
    softmax.measure(scores, scores.length);
    logTotal = softmax.max() + StrictMath.log(softmax.total());
  }

  /** Of the scores measured last. */
  double of(int tokenId) {
    return logits[tokenId] - logTotal;
  }

  static void requireNumbers(float[] scores, int position) {
    requireNumbers(scores, position, "logits");
  }

  /** The same for what is no scores. */
  static void requireNumbers(float[] scores, int position, String what) {
    int nanCount = 0;
    for (float score : scores) {
      if (Float.isNaN(score)) {
        nanCount++;
      }
    }
    if (nanCount > 0) {
      throw new NumericException(position, nanCount, scores.length, what);
    }
  }
}
