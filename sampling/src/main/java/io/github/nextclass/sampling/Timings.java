package io.github.nextclass.sampling;

import java.time.Duration;

/**
 * How long the parts of a generation took.
 *
 * @param promptTokens tokens read before the first choice; those that were in the cache already are
 *     not counted
 * @param firstToken from the start until the first token was chosen; zero if none was
 * @param newTokens tokens chosen
 * @param total from the start to the end
 */
public record Timings(int promptTokens, Duration firstToken, int newTokens, Duration total) {

  /**
   * Returns the rate of the prefill.
   *
   * @return prompt tokens per second, 0 if nothing was measured
   */
  public double promptTokensPerSecond() {
    return rate(promptTokens, firstToken);
  }

  /**
   * Returns the rate of the steps after the first.
   *
   * @return tokens per second, 0 if nothing was measured
   */
  public double newTokensPerSecond() {
    return rate(newTokens - 1, total.minus(firstToken));
  }

  private static double rate(int tokens, Duration time) {
    return tokens <= 0 || !time.isPositive() ? 0 : tokens * 1e9 / time.toNanos();
  }
}
