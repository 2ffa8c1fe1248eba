package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.backend.Step;
import java.util.Arrays;

/**
 * Causal attention of a few tokens over one kv head. All their query heads go through a block of
 * the KV cache together, so that it is read once for all of them.
 *
 * <p>The softmax is made in three passes over the scores, not online: every sum has one order,
 * whatever tokens happen to go together.
 */
final class Attention {
  /**
   * Tokens of a sequence that go through the cache together. A block is fetched once for all of
   * them: 256 tokens over 4,096 positions ran at 149 GFLOP/s with 4, at 163 with 16.
   */
  static final int TOKENS = 16;

  private static final int BLOCK = Primitives.BLOCK;

  private final Primitives primitives;
  private final CpuKvCache.Shape kv;
  private final int heads;
  private final int group;
  private final float scale;

  Attention(Primitives primitives, CpuKvCache.Shape kv, int numAttentionHeads) {
    this.primitives = primitives;
    this.kv = kv;
    this.heads = numAttentionHeads;
    this.group = numAttentionHeads / kv.numKeyValueHeads();
    this.scale = (float) (1 / Math.sqrt(kv.headDim()));
  }

  /**
   * Rows {@code from} to {@code to} of a segment, kv heads {@code firstHead} to {@code endHead}; q
   * and out are {@code [rows, heads, headDim]}.
   */
  void run(
      int layer,
      Step.Segment segment,
      int firstHead,
      int endHead,
      int from,
      int to,
      float[] q,
      float[] out,
      Scratch scratch) {
    CpuKvCache cache = (CpuKvCache) segment.cache();
    int positions = segment.firstPosition() + to;
    int stride = (positions + BLOCK - 1) / BLOCK * BLOCK;
    int rowsOfScores = (endHead - firstHead) * (to - from) * group;
    float[] scores = scratch.scores(Math.multiplyExact(rowsOfScores, stride));
    Arrays.fill(scores, 0, rowsOfScores * stride, 0f);
    for (int head = firstHead; head < endHead; head++) {
      collect(
          segment,
          head,
          from,
          to,
          (head - firstHead) * (to - from) * group * stride,
          stride,
          out,
          scratch.queries(head - firstHead));
    }

    for (int p = 0; p < positions; p += BLOCK) {
      for (int head = firstHead; head < endHead; head++) {
        KvPanel k = cache.keys(layer, head, p);
        primitives.scores(k, q, scratch.queries(head - firstHead), scores, p, scratch);
      }
    }
    float[] sums = scratch.sums(rowsOfScores);
    for (int head = firstHead; head < endHead; head++) {
      Queries queries = scratch.queries(head - firstHead);
      for (int i = 0; i < queries.count(); i++) {
        sums[queries.scores(i) / stride] =
            primitives.expSum(scores, queries.scores(i), queries.positions(i), scale);
      }
    }
    for (int p = 0; p < positions; p += BLOCK) {
      for (int head = firstHead; head < endHead; head++) {
        KvPanel v = cache.values(layer, head, p);
        primitives.weightedSum(v, scores, p, scratch.queries(head - firstHead), out, scratch);
      }
    }
    for (int head = firstHead; head < endHead; head++) {
      Queries queries = scratch.queries(head - firstHead);
      for (int i = 0; i < queries.count(); i++) {
        primitives.multiply(
            out, queries.offset(i), kv.headDim(), 1f / sums[queries.scores(i) / stride]);
      }
    }
  }

  /** The queries of a kv head, whose results begin as zeros. */
  private void collect(
      Step.Segment segment,
      int kvHead,
      int from,
      int to,
      int scoresOffset,
      int stride,
      float[] out,
      Queries queries) {
    int headDim = kv.headDim();
    queries.clear((to - from) * group);
    for (int row = from; row < to; row++) {
      int first = ((segment.firstRow() + row) * heads + kvHead * group) * headDim;
      Arrays.fill(out, first, first + group * headDim, 0f);
      for (int g = 0; g < group; g++) {
        queries.add(
            first + g * headDim,
            segment.firstPosition() + row + 1,
            scoresOffset + queries.count() * stride);
      }
    }
  }
}
