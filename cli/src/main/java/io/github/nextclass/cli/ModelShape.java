package io.github.nextclass.cli;

/**
 * The shapes of published models, and a tiny one, to measure with random weights. Speed depends on
 * the shape alone.
 */
public enum ModelShape {
  /** Small enough for a test. */
  TINY("tiny", 1024, 256, 640, 3, 4, 2, true),
  /** Qwen3-0.6B. */
  B0_6("0.6B", 151_936, 1024, 3072, 28, 16, 8, true),
  /** Qwen3-1.7B. */
  B1_7("1.7B", 151_936, 2048, 6144, 28, 16, 8, true),
  /** Qwen3-4B. */
  B4("4B", 151_936, 2560, 9728, 36, 32, 8, true),
  /** Qwen3-8B. */
  B8("8B", 151_936, 4096, 12_288, 36, 32, 8, false);

  static final int HEAD_DIM = 128;

  final String label;
  final int vocabSize;
  final int hiddenSize;
  final int intermediateSize;
  final int numHiddenLayers;
  final int numAttentionHeads;
  final int numKeyValueHeads;
  final boolean tieWordEmbeddings;

  ModelShape(
      String label,
      int vocabSize,
      int hiddenSize,
      int intermediateSize,
      int numHiddenLayers,
      int numAttentionHeads,
      int numKeyValueHeads,
      boolean tieWordEmbeddings) {
    this.label = label;
    this.vocabSize = vocabSize;
    this.hiddenSize = hiddenSize;
    this.intermediateSize = intermediateSize;
    this.numHiddenLayers = numHiddenLayers;
    this.numAttentionHeads = numAttentionHeads;
    this.numKeyValueHeads = numKeyValueHeads;
    this.tieWordEmbeddings = tieWordEmbeddings;
  }

  /** As users write it: enum constants cannot begin with a digit. */
  @Override
  public String toString() {
    return label;
  }
}
