package io.github.nextclass.sampling;

import java.util.List;

/**
 * An example for a classifier: few-shot learning.
 *
 * @param text the text
 * @param labels its labels; exactly one unless several may fit
 */
public record LabelledText(String text, List<String> labels) {
  /** Copies the labels. */
  public LabelledText {
    labels = List.copyOf(labels);
  }

  /**
   * Makes an example.
   *
   * @param text the text
   * @param labels its labels
   * @return the example
   */
  public static LabelledText of(String text, String... labels) {
    return new LabelledText(text, List.of(labels));
  }
}
