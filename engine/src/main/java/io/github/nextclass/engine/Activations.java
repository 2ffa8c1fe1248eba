package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.Buffer;
import io.github.nextclass.engine.backend.Step;
import org.jspecify.annotations.Nullable;

/** The buffers of one pass, shared by all sessions of a model because one pass runs at a time. */
final class Activations {
  /** Positions whose choices are kept: as many steps can be made before anybody reads them. */
  static final int CHOSEN_COLUMNS = 16;

  final int rows;

  /** Rows of logits made at a time. */
  final int logitRows;

  final Buffer x; // [tokens, hiddenSize]
  final Buffer normed; // [tokens, hiddenSize]
  final Buffer q; // [tokens, numAttentionHeads * headDim]
  final Buffer k; // [tokens, numKeyValueHeads * headDim]
  final Buffer v; // [tokens, numKeyValueHeads * headDim]
  final Buffer attended; // [tokens, numAttentionHeads * headDim]
  final Buffer branch; // [tokens, hiddenSize]
  final Buffer gate; // [tokens, intermediateSize]
  final Buffer up; // [tokens, intermediateSize]
  final Buffer selected; // [logit rows, hiddenSize]
  private final Buffer logits; // [logit rows, vocabSize]
  private @Nullable Buffer chosen; // [tokens, 3 * chosen columns]
  private @Nullable Buffer fewScores; // [logit rows, labels]

  /** Who wants to see what attention looks at, for one pass; mostly nobody. */
  @Nullable AttentionProbe probe;

  private final Backend backend;

  Activations(Qwen3Config config, Backend backend, int rows) {
    this.rows = rows;
    this.backend = backend;
    x = backend.buffer(rows, config.hiddenSize());
    normed = backend.buffer(rows, config.hiddenSize());
    q = backend.buffer(rows, config.queryWidth());
    k = backend.buffer(rows, config.keyValueWidth());
    v = backend.buffer(rows, config.keyValueWidth());
    attended = backend.buffer(rows, config.queryWidth());
    branch = backend.buffer(rows, config.hiddenSize());
    gate = backend.buffer(rows, config.intermediateSize());
    up = backend.buffer(rows, config.intermediateSize());
    logitRows = Math.min(rows, backend.mostHeadRows());
    selected = backend.buffer(logitRows, config.hiddenSize());
    logits = backend.buffer(logitRows, config.vocabSize());
  }

  /** Shows the queries and keys of a layer to the probe, if there is one. */
  void showAttention(int layer, Step step) {
    if (probe != null) {
      probe.see(layer, backend, q, k, step);
    }
  }

  /** Where a head of so many classes puts its scores: {@code [logit rows, classes]}. */
  Buffer scores(int classes) {
    if (classes == logits.columns()) {
      return logits;
    }
    if (fewScores == null || fewScores.columns() != classes) {
      fewScores = backend.buffer(selected.rows(), classes);
    }
    return fewScores;
  }

  /** What greedy steps have chosen: classes, scores, totals, as {@link Backend#choose} says. */
  Buffer chosen() {
    if (chosen == null) {
      chosen = backend.buffer(rows, 3 * CHOSEN_COLUMNS);
    }
    return chosen;
  }

  /** What buffers of so many rows take, with a head of so many of them at a time. */
  static long bytes(Qwen3Config config, int rows, int mostHeadRows) {
    long floatsPerRow =
        3L * config.hiddenSize()
            + 2L * config.queryWidth()
            + 2L * config.keyValueWidth()
            + 2L * config.intermediateSize();
    long logitRows = Math.min(rows, mostHeadRows);
    return Float.BYTES
        * (rows * floatsPerRow + logitRows * (config.hiddenSize() + (long) config.vocabSize()));
  }
}
