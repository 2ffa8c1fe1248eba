package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.KvCacheFormat;
import io.github.nextclass.engine.backend.Step;
import java.lang.foreign.MemorySegment;
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

  /** Rows {@code from} to {@code to} of a segment; q and out are {@code [rows, heads, headDim]}. */
  void run(
      int layer,
      Step.Segment segment,
      int kvHead,
      int from,
      int to,
      float[] q,
      float[] out,
      Scratch scratch) {
    int headDim = kv.headDim();
    CpuKvCache cache = (CpuKvCache) segment.cache();
    Queries queries = scratch.queries();
    queries.clear((to - from) * group);
    for (int row = from; row < to; row++) {
      int first = ((segment.firstRow() + row) * heads + kvHead * group) * headDim;
      Arrays.fill(out, first, first + group * headDim, 0f);
      for (int g = 0; g < group; g++) {
        queries.add(first + g * headDim, segment.firstPosition() + row + 1);
      }
    }

    int positions = segment.firstPosition() + to;
    int blocks = (positions + Primitives.BLOCK - 1) / Primitives.BLOCK;
    int stride = blocks * Primitives.BLOCK;
    float[] scores = scratch.scores(Math.multiplyExact(queries.count(), stride));
    for (int p = 0; p < positions; p += Primitives.BLOCK) {
      MemorySegment k = floats(cache.keys(layer, kvHead, p), scratch);
      primitives.scores(k, q, queries, headDim, scores, p, stride);
    }
    float[] sums = scratch.sums(queries.count());
    for (int i = 0; i < queries.count(); i++) {
      sums[i] = primitives.expSum(scores, i * stride, queries.positions(i), scale);
    }
    for (int p = 0; p < positions; p += Primitives.BLOCK) {
      MemorySegment v = floats(cache.values(layer, kvHead, p), scratch);
      primitives.weightedSum(v, scores, p, stride, queries, out, headDim);
    }
    for (int i = 0; i < queries.count(); i++) {
      primitives.multiply(out, queries.offset(i), headDim, 1f / sums[i]);
    }
  }

  /** A block as the kernels read it. Widening costs one pass for all queries that read it. */
  private MemorySegment floats(MemorySegment held, Scratch scratch) {
    if (kv.format() == KvCacheFormat.F32) {
      return held;
    }
    int n = Primitives.BLOCK * kv.headDim();
    MemorySegment widened = scratch.kvBlock(n);
    primitives.widenPairs(held, widened, n);
    return widened;
  }
}
