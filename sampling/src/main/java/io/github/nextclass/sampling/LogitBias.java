package io.github.nextclass.sampling;

import java.util.Map;

/**
 * Adds a number to some scores:
 *
 * <pre>
 *   score(i) += bias(i)
 * </pre>
 */
final class LogitBias implements LogitsFilter {
  private final int[] tokenIds;
  private final float[] biases;

  LogitBias(Map<Integer, Float> biasByTokenId) {
    tokenIds = biasByTokenId.keySet().stream().mapToInt(Integer::intValue).toArray();
    biases = new float[tokenIds.length];
    int i = 0;
    for (float bias : biasByTokenId.values()) {
      biases[i++] = bias;
    }
  }

  @Override
  public void apply(Candidates candidates, TokenHistory history) {
    float[] scores = candidates.scores();
    for (int i = 0; i < tokenIds.length; i++) {
      int index = candidates.indexOf(tokenIds[i]);
      if (index >= 0) {
        scores[index] += biases[i];
      }
    }
  }
}
