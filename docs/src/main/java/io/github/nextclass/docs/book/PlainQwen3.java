package io.github.nextclass.docs.book;

import io.github.nextclass.engine.Qwen3Config;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The whole of Qwen3 in plain loops: what chapters 2 to 5 explain, in their order. It reads one
 * token after the other, as a decode step does, and remembers what pictures need.
 *
 * <p>A vector is a {@code float[]}; a matrix is a {@code float[][]} of rows.
 */
public final class PlainQwen3 {
  private static final double ROPE_THETA = 10_000; // of the shipped model; 1,000,000 in the 0.6B

  private final Qwen3Config config;
  private final float[][] embedTokens; // [vocabSize, hiddenSize]
  private final List<Layer> layers = new ArrayList<>();
  private final float[] norm; // [hiddenSize]

  /** The keys and values of all tokens read so far: for each layer a list of {@code [kv heads]}. */
  private final List<List<float[][]>> cachedKeys = new ArrayList<>();

  private final List<List<float[][]>> cachedValues = new ArrayList<>();
  private int position;

  /** The residual stream of the last token: after the embedding, then after each layer. */
  private final List<float[]> residuals = new ArrayList<>();

  /** The attention of the last token: {@code [layer][head][position]}. */
  private final List<float[][]> attentions = new ArrayList<>();

  private record Layer(
      float[] inputLayernorm,
      float[][] qProj,
      float[][] kProj,
      float[][] vProj,
      float[][] oProj,
      float[] qNorm,
      float[] kNorm,
      float[] postAttentionLayernorm,
      float[][] gateProj,
      float[][] upProj,
      float[][] downProj) {}

  /**
   * Reads a checkpoint with tied embeddings and no quantisation, such as the shipped one.
   *
   * @param folder the checkpoint
   * @throws IOException if it cannot be read
   */
  public PlainQwen3(Path folder) throws IOException {
    config = Qwen3Config.read(folder.resolve("config.json"));
    try (TensorSource source = Safetensors.open(folder)) {
      embedTokens = matrix(source, "model.embed_tokens");
      norm = vector(source, "model.norm");
      for (int i = 0; i < config.numHiddenLayers(); i++) {
        String at = "model.layers." + i + ".";
        layers.add(
            new Layer(
                vector(source, at + "input_layernorm"),
                matrix(source, at + "self_attn.q_proj"),
                matrix(source, at + "self_attn.k_proj"),
                matrix(source, at + "self_attn.v_proj"),
                matrix(source, at + "self_attn.o_proj"),
                vector(source, at + "self_attn.q_norm"),
                vector(source, at + "self_attn.k_norm"),
                vector(source, at + "post_attention_layernorm"),
                matrix(source, at + "mlp.gate_proj"),
                matrix(source, at + "mlp.up_proj"),
                matrix(source, at + "mlp.down_proj")));
        cachedKeys.add(new ArrayList<>());
        cachedValues.add(new ArrayList<>());
      }
    }
  }

  /**
   * Reads the next token.
   *
   * @param tokenId its id
   * @return the score of every class that may follow, {@code [vocabSize]}
   */
  // @start region=forward
  public float[] forward(int tokenId) {
    return lmHead(body(tokenId));
  }

  private float[] body(int tokenId) {
    float[] x = embed(tokenId);
    startTrace(x);
    for (int i = 0; i < layers.size(); i++) {
      Layer layer = layers.get(i);
      x = add(x, attention(i, layer, rmsNorm(x, layer.inputLayernorm())));
      x = add(x, mlp(layer, rmsNorm(x, layer.postAttentionLayernorm())));
      residuals.add(x);
    }
    position++;
    return rmsNorm(x, norm);
  }

  // @end

  private void startTrace(float[] x) {
    residuals.clear();
    attentions.clear();
    residuals.add(x);
  }

  // @start region=embed
  private float[] embed(int tokenId) {
    return embedTokens[tokenId].clone();
  }

  // @end

  // @start region=rmsNorm
  private float[] rmsNorm(float[] x, float[] weight) {
    float sumOfSquares = 0;
    for (float value : x) {
      sumOfSquares += value * value;
    }
    double scale = 1 / Math.sqrt(sumOfSquares / x.length + config.rmsNormEps());
    float[] out = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = (float) (x[i] * scale) * weight[i];
    }
    return out;
  }

  // @end

  // @start region=linear
  private static float[] linear(float[][] w, float[] x) {
    float[] out = new float[w.length];
    for (int row = 0; row < w.length; row++) {
      float sum = 0;
      for (int k = 0; k < x.length; k++) {
        sum += w[row][k] * x[k];
      }
      out[row] = sum;
    }
    return out;
  }

  // @end

  // @start region=rotate
  private void rotate(float[] head) {
    int half = head.length / 2;
    for (int i = 0; i < half; i++) {
      double angle = position * Math.pow(ROPE_THETA, -2.0 * i / head.length);
      float a = head[i];
      float b = head[half + i];
      head[i] = (float) (a * Math.cos(angle) - b * Math.sin(angle));
      head[half + i] = (float) (b * Math.cos(angle) + a * Math.sin(angle));
    }
  }

  // @end

  // @start region=attention
  private float[] attention(int i, Layer layer, float[] normed) {
    float[][] q = heads(linear(layer.qProj(), normed)); // 4 heads; 16 in the 0.6B
    float[][] k = heads(linear(layer.kProj(), normed)); // 2 heads; 8 in the 0.6B
    float[][] v = heads(linear(layer.vProj(), normed));
    for (int h = 0; h < q.length; h++) {
      q[h] = rmsNorm(q[h], layer.qNorm());
      rotate(q[h]);
    }
    for (int h = 0; h < k.length; h++) {
      k[h] = rmsNorm(k[h], layer.kNorm());
      rotate(k[h]);
    }
    cachedKeys.get(i).add(k);
    cachedValues.get(i).add(v);

    float[][] attended = new float[q.length][];
    float[][] probs = new float[q.length][];
    int group = q.length / k.length; // query heads that share a kv head
    for (int h = 0; h < q.length; h++) {
      probs[h] = attend(q[h], cachedKeys.get(i), h / group);
      attended[h] = mix(probs[h], cachedValues.get(i), h / group);
    }
    attentions.add(probs);
    return linear(layer.oProj(), joined(attended));
  }

  /** How much of each token's value this query takes. */
  private static float[] attend(float[] q, List<float[][]> keys, int kvHead) {
    float[] scores = new float[keys.size()];
    for (int p = 0; p < scores.length; p++) {
      float dot = 0;
      for (int d = 0; d < q.length; d++) {
        dot += q[d] * keys.get(p)[kvHead][d];
      }
      scores[p] = dot / (float) Math.sqrt(q.length);
    }
    return softmax(scores);
  }

  private static float[] mix(float[] probs, List<float[][]> values, int kvHead) {
    float[] out = new float[values.getFirst()[kvHead].length];
    for (int p = 0; p < probs.length; p++) {
      for (int d = 0; d < out.length; d++) {
        out[d] += probs[p] * values.get(p)[kvHead][d];
      }
    }
    return out;
  }

  // @end

  // @start region=mlp
  private static float[] mlp(Layer layer, float[] normed) {
    float[] gate = linear(layer.gateProj(), normed);
    float[] up = linear(layer.upProj(), normed);
    for (int i = 0; i < gate.length; i++) {
      float silu = gate[i] / (1 + (float) Math.exp(-gate[i]));
      gate[i] = silu * up[i];
    }
    return linear(layer.downProj(), gate);
  }

  // @end

  // @start region=lmHead
  private float[] lmHead(float[] vector) {
    return linear(embedTokens, vector); // one row for each class: its score is a dot product
  }

  // @end

  /**
   * Scores made probabilities.
   *
   * @param scores any numbers
   * @return positive numbers in the same order that add up to 1
   */
  // @start region=softmax
  public static float[] softmax(float[] scores) {
    float max = Float.NEGATIVE_INFINITY;
    for (float score : scores) {
      max = Math.max(max, score);
    }
    float sum = 0;
    float[] probs = new float[scores.length];
    for (int i = 0; i < scores.length; i++) {
      probs[i] = (float) Math.exp(scores[i] - max); // at most 1: no overflow
      sum += probs[i];
    }
    for (int i = 0; i < probs.length; i++) {
      probs[i] /= sum;
    }
    return probs;
  }

  // @end

  /**
   * What the classes would score if the transformer ended earlier, for the last token read.
   *
   * @param layer 0 after the embedding, 1 after the first layer, and so on
   * @return the scores, {@code [vocabSize]}
   */
  public float[] logitsAfter(int layer) {
    return lmHead(rmsNorm(residuals.get(layer), norm));
  }

  /**
   * Reads a text with a model of its own.
   *
   * @param folder the checkpoint
   * @param tokenIds the text, at least one token
   * @param vectors gets the {@link #vector()} after each token
   * @return the score of every class that may follow, {@code [vocabSize]}
   * @throws IOException if the checkpoint cannot be read
   */
  public static float[] read(Path folder, int[] tokenIds, List<float[]> vectors)
      throws IOException {
    PlainQwen3 model = new PlainQwen3(folder);
    float[] scores = {};
    for (int tokenId : tokenIds) {
      scores = model.forward(tokenId);
      vectors.add(model.vector());
    }
    return scores;
  }

  /**
   * The vector of the last token read, from which the head makes its scores.
   *
   * @return {@code [hiddenSize]}
   */
  public float[] vector() {
    return rmsNorm(residuals.getLast(), norm);
  }

  /**
   * What the last token read looked at.
   *
   * @param layer the layer, from 0
   * @param head the query head, from 0
   * @return the share of each token so far, its own last
   */
  public float[] attention(int layer, int head) {
    return attentions.get(layer)[head].clone();
  }

  private static float[] add(float[] x, float[] y) {
    float[] out = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = x[i] + y[i];
    }
    return out;
  }

  private float[][] heads(float[] all) {
    int headDim = config.headDim();
    float[][] heads = new float[all.length / headDim][headDim];
    for (int h = 0; h < heads.length; h++) {
      System.arraycopy(all, h * headDim, heads[h], 0, headDim);
    }
    return heads;
  }

  private static float[] joined(float[][] heads) {
    float[] all = new float[heads.length * heads[0].length];
    for (int h = 0; h < heads.length; h++) {
      System.arraycopy(heads[h], 0, all, h * heads[h].length, heads[h].length);
    }
    return all;
  }

  private static float[] vector(TensorSource source, String name) throws IOException {
    return source.tensor(name + ".weight").toFloatArray();
  }

  private static float[][] matrix(TensorSource source, String name) throws IOException {
    Tensor tensor = source.tensor(name + ".weight");
    float[] all = tensor.toFloatArray();
    int columns = (int) tensor.shape()[1];
    float[][] rows = new float[(int) tensor.shape()[0]][columns];
    for (int r = 0; r < rows.length; r++) {
      System.arraycopy(all, r * columns, rows[r], 0, columns);
    }
    return rows;
  }
}
