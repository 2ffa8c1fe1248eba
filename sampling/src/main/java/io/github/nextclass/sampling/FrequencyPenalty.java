package io.github.nextclass.sampling;

import java.util.Arrays;

/**
 * Makes generated tokens less likely, by how often they were generated and because they were. The
 * prompt does not count. As OpenAI and vLLM define it, in their order:
 *
 * <pre>
 *   score(i) -= frequencyPenalty * count(i)
 *   score(i) -= presencePenalty               if count(i) &gt; 0
 * </pre>
 */
final class FrequencyPenalty implements LogitsFilter {
  private final float frequencyPenalty;
  private final float presencePenalty;
  private final int[] counts; // [classes]
  private int[] distinct = new int[64];
  private int distinctCount;
  private int read;

  FrequencyPenalty(double frequencyPenalty, double presencePenalty, int classes) {
    this.frequencyPenalty = (float) frequencyPenalty;
    this.presencePenalty = (float) presencePenalty;
    this.counts = new int[classes];
  }

  @Override
  public void apply(Candidates candidates, TokenHistory history) {
    catchUp(history);
    float[] scores = candidates.scores();
    for (int i = 0; i < distinctCount; i++) {
      int index = candidates.indexOf(distinct[i]);
      if (index >= 0) {
        scores[index] -= frequencyPenalty * counts[distinct[i]];
        scores[index] -= presencePenalty;
      }
    }
  }

  private void catchUp(TokenHistory history) {
    for (; read < history.generatedLength(); read++) {
      int tokenId = history.tokenId(history.promptLength() + read);
      if (counts[tokenId]++ == 0) {
        if (distinctCount == distinct.length) {
          distinct = Arrays.copyOf(distinct, 2 * distinctCount);
        }
        distinct[distinctCount++] = tokenId;
      }
    }
  }
}
