package io.github.nextclass.sampling;

import java.util.Arrays;
import java.util.BitSet;

/**
 * Makes every token that stands in the prompt or was generated less likely, however often it occurs
 * (Keskar et al. 2019, CTRL):
 *
 * <pre>
 *   score(i) = score(i) * penalty    if score(i) &lt; 0
 *              score(i) / penalty    otherwise
 * </pre>
 */
final class RepetitionPenalty implements LogitsFilter {
  private final float penalty;
  private final BitSet seen;
  private int[] distinct = new int[64];
  private int distinctCount;
  private int read;

  RepetitionPenalty(double penalty, int classes) {
    this.penalty = (float) penalty;
    this.seen = new BitSet(classes);
  }

  @Override
  public void apply(Candidates candidates, TokenHistory history) {
    catchUp(history);
    float[] scores = candidates.scores();
    for (int i = 0; i < distinctCount; i++) {
      int index = candidates.indexOf(distinct[i]);
      if (index >= 0) {
        float score = scores[index];
        scores[index] = score < 0 ? score * penalty : score / penalty;
      }
    }
  }

  private void catchUp(TokenHistory history) {
    for (; read < history.length(); read++) {
      int tokenId = history.tokenId(read);
      if (!seen.get(tokenId)) {
        seen.set(tokenId);
        if (distinctCount == distinct.length) {
          distinct = Arrays.copyOf(distinct, 2 * distinctCount);
        }
        distinct[distinctCount++] = tokenId;
      }
    }
  }
}
