package io.github.nextclass.engine.cpu;

import java.util.Arrays;

/**
 * Query heads that read the same keys and values: those of the group of one kv head, for a few
 * tokens in a row.
 *
 * <pre>
 *   token      t   t   t+1 t+1       group of 2 heads
 *   query      0   1   2   3
 *   positions  p+1 p+1 p+2 p+2       how many keys each may see: causal, up to its own
 *   scores     0   s   2s  3s        where the row of its scores begins
 * </pre>
 */
final class Queries {
  private int[] offsets = new int[0];
  private int[] positions = new int[0];
  private int[] scores = new int[0];
  private float[] sums = new float[0];
  private int count;

  void clear(int most) {
    count = 0;
    if (offsets.length < most) {
      offsets = Arrays.copyOf(offsets, most);
      positions = Arrays.copyOf(positions, most);
      scores = Arrays.copyOf(scores, most);
      sums = Arrays.copyOf(sums, most);
    }
  }

  void add(int offset, int visible, int scoresOffset) {
    offsets[count] = offset;
    scores[count] = scoresOffset;
    positions[count++] = visible;
  }

  int count() {
    return count;
  }

  /** Where the query, and its result, begin. */
  int offset(int i) {
    return offsets[i];
  }

  /** Where the score of position 0 stands. */
  int scores(int i) {
    return scores[i];
  }

  /** The sum of the numerators of its softmax. */
  float sum(int i) {
    return sums[i];
  }

  void setSum(int i, float sum) {
    sums[i] = sum;
  }

  /** The number of positions that a query sees; not less than that of the query before. */
  int positions(int i) {
    return positions[i];
  }

  /** How many of a block's positions a query sees. */
  int visible(int i, int blockStart) {
    return Math.clamp(positions[i] - blockStart, 0, Primitives.BLOCK);
  }
}
