package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.Buffer;
import io.github.nextclass.engine.backend.Linear;
import io.github.nextclass.engine.backend.Rope;
import io.github.nextclass.engine.backend.Step;
import java.util.List;

/**
 * The transformer. Token ids go in; for each of them comes out a vector, from which a {@link Head}
 * makes what is asked for: mostly the scores of all classes.
 *
 * <pre>
 *        tokenIds
 *           |  embedTokens
 *           x ------------------------------+
 *           |                               |  residual stream, hiddenSize floats a token
 *     inputLayernorm                        |
 *     q, k, v projections                   |
 *     qNorm, kNorm, RoPE                    |
 *     attention over the KV cache           |
 *     oProj                                 |
 *           + <-----------------------------+      numHiddenLayers times
 *           x ------------------------------+
 *     postAttentionLayernorm                |
 *     silu(gateProj) * upProj               |
 *     downProj                              |
 *           + <-----------------------------+
 *           x
 *         norm
 *           |
 *           +-- lmHead --> logits              one score for each token that may come next, vocabSize of them
 *           +-- score  --> logits              one score for each label of a Qwen3ForSequenceClassification
 *           +------------> embedding           the vector itself
 * </pre>
 *
 * <p>Source: transformers' {@code modeling_qwen3.py}, and the Qwen3 technical report (2025).
 * Against Llama it has one addition, {@code qNorm} and {@code kNorm}: an RMSNorm of each head
 * before RoPE.
 */
final class Qwen3 {
  private final Qwen3Config config;
  private final Qwen3Weights weights;
  private final Rope rope;
  private final Backend ops;

  Qwen3(Qwen3Config config, Qwen3Weights weights, Backend ops) {
    this.config = config;
    this.weights = weights;
    this.rope = config.ropeParameters().rope(config.headDim());
    this.ops = ops;
  }

  /** Runs the body over the tokens of a step; {@code a.normed} then holds a vector for each. */
  void body(Step step, Activations a) {
    ops.embed(weights.embedTokens(), step, a.x);
    layers(step, a);
  }

  /** The same over tokens that the backend has chosen itself, see {@link Backend#choose}. */
  void bodyOfChosen(Step step, Activations a) {
    ops.embedChosen(weights.embedTokens(), a.chosen(), step, a.x);
    layers(step, a);
  }

  private void layers(Step step, Activations a) {
    for (int i = 0; i < config.numHiddenLayers(); i++) {
      Qwen3Weights.Layer layer = weights.layers().get(i);

      ops.rmsNorm(a.x, layer.inputLayernorm(), config.rmsNormEps(), step.tokens(), a.normed);
      attention(i, layer.selfAttn(), step, a);
      ops.add(a.x, a.branch, step.tokens());

      ops.rmsNorm(
          a.x, layer.postAttentionLayernorm(), config.rmsNormEps(), step.tokens(), a.normed);
      mlp(layer.mlp(), step, a);
      ops.add(a.x, a.branch, step.tokens());
    }
    ops.rmsNorm(a.x, weights.norm(), config.rmsNormEps(), step.tokens(), a.normed);
  }

  private void attention(int i, Qwen3Weights.Attention w, Step step, Activations a) {
    ops.linears(
        List.of(w.qProj(), w.kProj(), w.vProj()), a.normed, step.tokens(), List.of(a.q, a.k, a.v));
    ops.rmsNorm(a.q, w.qNorm(), config.rmsNormEps(), step.tokens(), a.q);
    ops.rmsNorm(a.k, w.kNorm(), config.rmsNormEps(), step.tokens(), a.k);
    ops.rope(a.q, rope, step);
    ops.rope(a.k, rope, step);
    ops.appendToCache(i, a.k, a.v, step);
    ops.attention(i, a.q, step, a.attended);
    a.showAttention(i, step);
    ops.linear(w.oProj(), a.attended, step.tokens(), a.branch);
  }

  private void mlp(Qwen3Weights.Mlp w, Step step, Activations a) {
    ops.linears(List.of(w.gateProj(), w.upProj()), a.normed, step.tokens(), List.of(a.gate, a.up));
    ops.siluMul(a.gate, a.up, step.tokens());
    ops.linear(w.downProj(), a.gate, step.tokens(), a.branch);
  }

  /**
   * A head that is a linear classifier: for each of some rows of the last step the score of every
   * class. Returns {@code [rows, classes]}, valid until the next head.
   */
  Buffer head(Linear head, int[] rows, Activations a) {
    Buffer scores = a.scores(head.weight().rows());
    ops.gather(a.normed, rows, a.selected);
    ops.linear(head, a.selected, rows.length, scores);
    return scores;
  }
}
