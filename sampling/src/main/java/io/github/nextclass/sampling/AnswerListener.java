package io.github.nextclass.sampling;

/** Hears of the text of an answer and tells a chat's listener of its parts. */
final class AnswerListener implements GenerationListener {
  private final ChatListener listener;
  private final AnswerParts parts;

  AnswerListener(ChatListener listener, AnswerForm form) {
    this.listener = listener;
    this.parts = new AnswerParts(listener, form);
  }

  @Override
  public void onText(String text) {
    parts.append(text);
  }

  @Override
  public void onPrediction(Prediction prediction) {
    listener.onPrediction(prediction);
  }

  /** Ends the answer: what was held back comes now. */
  void end() {
    parts.end();
  }
}
