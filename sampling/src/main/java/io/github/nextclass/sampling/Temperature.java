package io.github.nextclass.sampling;

/**
 * Flattens the distribution above 1 and sharpens it below:
 *
 * <pre>
 *   score(i) = score(i) / temperature
 * </pre>
 *
 * <p>It divides, where a product with the inverse would be faster, because rounding decides which
 * scores become equal, and top-k keeps equal scores together.
 */
final class Temperature implements LogitsFilter {
  private final float temperature;

  Temperature(double temperature) {
    this.temperature = (float) temperature;
  }

  @Override
  public void apply(Candidates candidates, TokenHistory history) {
    divide(candidates.scores(), candidates.count(), temperature);
  }

  static void divide(float[] scores, int count, float divisor) {
    for (int i = 0; i < count; i++) {
      scores[i] /= divisor;
    }
  }
}
