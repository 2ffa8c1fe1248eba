package io.github.nextclass.sampling;

import java.util.List;

/**
 * How likely a text is.
 *
 * @param tokens the tokens that were scored, in order; never empty
 */
public record TextScore(List<TokenScore> tokens) {
  /** Copies the tokens. */
  public TextScore {
    tokens = List.copyOf(tokens);
  }

  /**
   * Returns the log-probability of all scored tokens together.
   *
   * @return in nats, at most 0
   */
  public double logProbability() {
    return tokens.stream().mapToDouble(TokenScore::logProbability).sum();
  }

  /**
   * Returns among how many equally likely tokens the model chose on average: {@code
   * exp(-logProbability / tokens)}.
   *
   * @return at least 1
   */
  public double perplexity() {
    return StrictMath.exp(-logProbability() / tokens.size());
  }
}
