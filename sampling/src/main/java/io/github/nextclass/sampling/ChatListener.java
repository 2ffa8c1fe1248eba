package io.github.nextclass.sampling;

/**
 * Hears of an answer while it is made, in the thread that makes it, its parts told apart: what the
 * model thinks, what it says, and what it calls.
 *
 * <p>The pieces of a part put together are what {@link ChatAnswer} has of it, without white space
 * around thoughts and calls. A thought ends here where {@code </think>} first stands, because
 * nobody knows whether another will follow; {@link ChatAnswer} takes the last.
 *
 * <p>An exception thrown by a listener ends the call and reaches its caller, and the conversation
 * is as before.
 */
@FunctionalInterface
public interface ChatListener {

  /**
   * Takes the next piece of the answer.
   *
   * @param text never empty, never ends inside a character
   */
  void onText(String text);

  /**
   * Takes the next piece of what the model thinks before it answers.
   *
   * @param text never empty, never ends inside a character
   */
  default void onThinking(String text) {}

  /**
   * Takes a tool call when its end is there. Only where tools were offered.
   *
   * @param request a call, or what the model wrote instead
   */
  default void onToolRequest(ToolRequest request) {}

  /**
   * Takes the classification of one step, before the text that it completes.
   *
   * @param prediction the step
   */
  default void onPrediction(Prediction prediction) {}

  /**
   * Returns a listener that does nothing.
   *
   * @return a deaf listener
   */
  static ChatListener none() {
    return text -> {};
  }
}
