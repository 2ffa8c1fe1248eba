package io.github.nextclass.sampling;

/**
 * Hears of a generation while it goes on, in the thread that generates.
 *
 * <p>An exception thrown by a listener ends the call and reaches its caller. The step had been
 * completed before, so what the generation used is in order: the same {@link Decoder} may go on,
 * and the same chat may be asked again.
 */
@FunctionalInterface
public interface GenerationListener {

  /**
   * Takes the next piece of the text.
   *
   * @param text never empty, never ends inside a character, and never takes back an earlier piece
   */
  void onText(String text);

  /**
   * Takes the classification of one step, before the text that it completes.
   *
   * @param prediction the step
   */
  default void onPrediction(Prediction prediction) {}

  /**
   * Takes a step of a beam search, whose predictions and text come only at its end.
   *
   * @param step the sequences that are kept
   */
  default void onBeams(BeamStep step) {}

  /**
   * Returns a listener that does nothing.
   *
   * @return a deaf listener
   */
  static GenerationListener none() {
    return text -> {};
  }
}
