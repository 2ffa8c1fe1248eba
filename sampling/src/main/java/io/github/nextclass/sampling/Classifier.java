package io.github.nextclass.sampling;

import java.util.List;

/**
 * Sorts texts into labels. Made by {@link LanguageModel#classifier(List)} for labels given at call
 * time, by {@link LanguageModel#classifier()} for the labels of a {@code
 * Qwen3ForSequenceClassification}.
 *
 * <p>Thread-safe, and usable until the model is closed.
 */
public sealed interface Classifier permits LabelClassifier, HeadClassifier {
  /**
   * Returns the labels.
   *
   * @return in the order given
   */
  List<String> labels();

  /**
   * Classifies texts, many of them in a pass.
   *
   * @param texts the texts
   * @return a classification for each, in their order
   * @throws IllegalArgumentException if a text is empty, or too long with its prompt; the message
   *     says which
   */
  List<Classification> classify(List<String> texts);

  /**
   * Classifies a text.
   *
   * @param text the text
   * @return its classification
   * @throws IllegalArgumentException if it is empty, or too long with its prompt
   */
  default Classification classify(String text) {
    return classify(List.of(text)).getFirst();
  }
}
