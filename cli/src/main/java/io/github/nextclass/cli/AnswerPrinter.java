package io.github.nextclass.cli;

import io.github.nextclass.sampling.GenerationListener;
import java.io.PrintWriter;

/**
 * Prints an answer while it is made, without the empty thought that Qwen3 begins it with when it
 * does not think.
 */
final class AnswerPrinter implements GenerationListener {
  private static final String THINK = "<think>";
  private static final String EMPTY_THOUGHT = THINK + "\n\n</think>\n\n";

  private final PrintWriter out;

  /** What may still become an empty thought. */
  private final StringBuilder held = new StringBuilder();

  private boolean begun;

  AnswerPrinter(PrintWriter out) {
    this.out = out;
  }

  @Override
  public void onText(String text) {
    if (begun) {
      print(text);
      return;
    }
    held.append(text);
    String start = held.toString();
    if (start.length() >= EMPTY_THOUGHT.length() || !EMPTY_THOUGHT.startsWith(start)) {
      begun = true;
      print(start.startsWith(EMPTY_THOUGHT) ? start.substring(EMPTY_THOUGHT.length()) : start);
    }
  }

  /** Ends the answer and its line. A thought that was stopped before it had a word is left out. */
  void end() {
    boolean heldIsText = !begun && !held.toString().startsWith(THINK);
    print((heldIsText ? held : "") + System.lineSeparator());
  }

  private void print(String text) {
    out.print(text);
    out.flush();
  }
}
