package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.Buffer;
import io.github.nextclass.engine.backend.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Computes once more, and keeps, what one head of attention looks at, from the queries and keys
 * that the transformer has just made. For people who want to see it; the passes that generate have
 * none.
 *
 * <pre>
 *   probs[t][p] = softmax over p of (q[t] . k[p]) / sqrt(headDim)          p = 0 .. t
 * </pre>
 *
 * <p>It needs every key, so it sees a sequence from its first token on.
 */
final class AttentionProbe {
  private final int layer;
  private final int headDim;
  private final int queryOffset;
  private final int keyOffset;
  private final List<float[]> keys = new ArrayList<>();
  private final List<float[]> probs = new ArrayList<>();

  AttentionProbe(Qwen3Config config, int layer, int head) {
    this.layer = layer;
    this.headDim = config.headDim();
    this.queryOffset = head * headDim;
    int group = config.numAttentionHeads() / config.numKeyValueHeads();
    this.keyOffset = head / group * headDim;
  }

  /** Looks at a layer of a pass over one sequence; q and k are those after RoPE. */
  void see(int inLayer, Backend ops, Buffer q, Buffer k, Step step) {
    if (inLayer != layer) {
      return;
    }
    for (int t = 0; t < step.tokens(); t++) {
      keys.add(Arrays.copyOfRange(ops.read(k, t), keyOffset, keyOffset + headDim));
      float[] query = Arrays.copyOfRange(ops.read(q, t), queryOffset, queryOffset + headDim);
      probs.add(softmax(query));
    }
  }

  private float[] softmax(float[] query) {
    double[] scores = new double[keys.size()];
    Arrays.setAll(scores, p -> dot(query, keys.get(p)) / Math.sqrt(headDim));
    double max = Arrays.stream(scores).max().orElseThrow();
    double sum = Arrays.stream(scores).map(score -> Math.exp(score - max)).sum();
    float[] result = new float[scores.length];
    for (int p = 0; p < result.length; p++) {
      result[p] = (float) (Math.exp(scores[p] - max) / sum);
    }
    return result;
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  /** For each token the probabilities of itself and those before it. */
  float[][] probs() {
    return probs.toArray(float[][]::new);
  }
}
