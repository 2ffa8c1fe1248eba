package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.Linear;
import java.util.Arrays;
import java.util.List;

/**
 * The head of a {@code Qwen3ForSequenceClassification}: a linear classifier whose classes are the
 * labels that it was trained for.
 *
 * <pre>
 *   logits[i] = score[i] . x           i: a label, x: the vector after the last token that is no padding
 * </pre>
 *
 * <p>Source: transformers' {@code GenericForSequenceClassification}, and for {@link #probabilities}
 * its text classification pipeline.
 */
public final class ScoreHead extends Head {
  private final Linear linear;
  private final ScoreConfig config;

  ScoreHead(Engine engine, Linear linear, ScoreConfig config) {
    super(engine);
    this.linear = linear;
    this.config = config;
  }

  /**
   * The names of the labels.
   *
   * @return in the order of the scores
   */
  public List<String> labels() {
    return config.labels();
  }

  /**
   * The number of labels.
   *
   * @return at least 1
   */
  @Override
  public int size() {
    return config.labels().size();
  }

  /**
   * How much of a sequence counts: up to the last token that is not the padding token. What comes
   * after it need not be read, because a token sees only those before it.
   *
   * @param tokenIds a sequence, padded or not
   * @return how many of its tokens to read; all where the checkpoint has no padding token, and one
   *     where there is nothing but padding
   * @throws IllegalArgumentException if there are no tokens
   */
  public int pooledLength(int... tokenIds) {
    if (tokenIds.length == 0) {
      throw new IllegalArgumentException("no tokens: the label of nothing cannot be asked for");
    }
    if (config.padTokenId() == null) {
      return tokenIds.length;
    }
    int length = tokenIds.length;
    while (length > 0 && tokenIds[length - 1] == config.padTokenId()) {
      length--;
    }
    return Math.max(length, 1); // the reference takes the first of equal positions
  }

  /**
   * Turns scores into probabilities by {@link ScoreConfig#activation()}.
   *
   * @param logits the scores of the labels
   * @return for a softmax they sum to 1; for a regression they are the scores
   */
  public double[] probabilities(float[] logits) {
    double[] values = new double[logits.length];
    Arrays.setAll(values, i -> logits[i]);
    switch (config.activation()) {
      case SIGMOID -> Arrays.setAll(values, i -> 1 / (1 + StrictMath.exp(-values[i])));
      case SOFTMAX -> {
        double max = Arrays.stream(values).max().orElseThrow();
        Arrays.setAll(values, i -> StrictMath.exp(values[i] - max));
        double sum = Arrays.stream(values).sum();
        Arrays.setAll(values, i -> values[i] / sum);
      }
      case NONE -> {}
    }
    return values;
  }

  @Override
  float[][] apply(Qwen3 transformer, Backend backend, int[] rows, Activations a) {
    return LmHead.read(backend, transformer.head(linear, rows, a), rows.length);
  }
}
