package io.github.nextclass.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What {@code config.json} says of the score head of a {@code Qwen3ForSequenceClassification}.
 *
 * @param labels the names in {@code id2label}, in the order of the scores; where there are none,
 *     {@code LABEL_0}, {@code LABEL_1}, as many as {@code num_labels} says, or 2
 * @param activation how scores become probabilities
 * @param padTokenId {@code pad_token_id}; null where there is none
 */
public record ScoreConfig(
    List<String> labels, Activation activation, @Nullable Integer padTokenId) {
  static final String ARCHITECTURE = "Qwen3ForSequenceClassification";
  private static final int MAX_LABELS = 1 << 20;

  /** How scores become probabilities. */
  public enum Activation {
    /** One label is true: {@code exp(s[i]) / sum of exp(s[j])}. */
    SOFTMAX,
    /** Each label is true or not, whatever the others: {@code 1 / (1 + exp(-s[i]))}. */
    SIGMOID,
    /** The scores are what was asked for: a regression. */
    NONE
  }

  /** Copies the labels. */
  public ScoreConfig {
    labels = List.copyOf(labels);
  }

  static ScoreConfig read(JsonObject json) throws ModelFormatException {
    List<String> labels = labels(json);
    List<Integer> padTokenId = json.integers("pad_token_id", "a token id");
    return new ScoreConfig(
        labels,
        activation(json, labels.size()),
        padTokenId.isEmpty() ? null : padTokenId.getFirst());
  }

  /** The rule of transformers' text classification pipeline. */
  private static Activation activation(JsonObject json, int labels) throws ModelFormatException {
    String problem = json.string("problem_type", "");
    return switch (problem) {
      case "regression" -> Activation.NONE;
      case "multi_label_classification" -> Activation.SIGMOID;
      case "", "single_label_classification" ->
          labels == 1 ? Activation.SIGMOID : Activation.SOFTMAX;
      default ->
          throw json.wrong(
              "problem_type",
              problem,
              "regression, single_label_classification or multi_label_classification");
    };
  }

  private static List<String> labels(JsonObject json) throws ModelFormatException {
    JsonObject id2label = json.object("id2label");
    if (id2label == null) {
      int count = json.integer("num_labels", 1, MAX_LABELS, 2);
      return IntStream.range(0, count).mapToObj(i -> "LABEL_" + i).toList();
    }
    Map<String, String> names = id2label.allStrings();
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(Integer.toString(i));
      if (name == null) {
        throw json.wrong(
            "id2label", names, "a label for each number from 0 to " + (names.size() - 1));
      }
      labels.add(name);
    }
    if (labels.isEmpty()) {
      throw json.wrong("id2label", names, "at least one label");
    }
    return labels;
  }
}
