package io.github.nextclass.sampling;

import static java.util.Objects.requireNonNull;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a language model classifies texts into labels that it was not trained for. Immutable; start
 * from {@link #defaults()} and change what should differ.
 *
 * @param template how the question is put; null for the built-in one
 * @param examples texts with their labels, shown before the question
 * @param lengthNormalization whether the score of a label is the mean over its tokens instead of
 *     the sum, so that long labels are not at a disadvantage (Brown et al., 2020, section 2.4)
 * @param calibration whether the score that a label gets for an empty text is subtracted, so that
 *     labels the model likes anyway are not at an advantage (Zhao et al., 2021: calibrate before
 *     use)
 * @param multiLabel whether any number of labels may fit: each becomes a question of its own,
 *     answered by yes or no, and probabilities do not sum to 1
 */
public record ClassifierOptions(
    @Nullable PromptTemplate template,
    List<LabelledText> examples,
    boolean lengthNormalization,
    boolean calibration,
    boolean multiLabel) {
  private static final ClassifierOptions DEFAULTS =
      new ClassifierOptions(null, List.of(), false, false, false);

  /** Copies the examples. */
  public ClassifierOptions {
    examples = List.copyOf(requireNonNull(examples, "examples"));
  }

  /**
   * Returns the built-in template, no examples, sums, no calibration, one label.
   *
   * @return the defaults
   */
  public static ClassifierOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Changes how the question is put.
   *
   * @param value the new value
   * @return changed options
   */
  public ClassifierOptions withTemplate(PromptTemplate value) {
    return new ClassifierOptions(value, examples, lengthNormalization, calibration, multiLabel);
  }

  /**
   * Changes the examples.
   *
   * @param value the new value
   * @return changed options
   */
  public ClassifierOptions withExamples(List<LabelledText> value) {
    return new ClassifierOptions(template, value, lengthNormalization, calibration, multiLabel);
  }

  /**
   * Changes whether scores are means over tokens.
   *
   * @param value the new value
   * @return changed options
   */
  public ClassifierOptions withLengthNormalization(boolean value) {
    return new ClassifierOptions(template, examples, value, calibration, multiLabel);
  }

  /**
   * Changes whether the scores for an empty text are subtracted.
   *
   * @param value the new value
   * @return changed options
   */
  public ClassifierOptions withCalibration(boolean value) {
    return new ClassifierOptions(template, examples, lengthNormalization, value, multiLabel);
  }

  /**
   * Changes whether any number of labels may fit.
   *
   * @param value the new value
   * @return changed options
   */
  public ClassifierOptions withMultiLabel(boolean value) {
    return new ClassifierOptions(template, examples, lengthNormalization, calibration, value);
  }
}
