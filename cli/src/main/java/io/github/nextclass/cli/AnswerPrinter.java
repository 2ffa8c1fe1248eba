package io.github.nextclass.cli;

import io.github.nextclass.sampling.ChatListener;
import io.github.nextclass.sampling.ToolRequest;
import java.io.PrintWriter;

/**
 * Prints an answer while it is made: what the model thinks between tags, and each call in a line.
 */
final class AnswerPrinter implements ChatListener {
  private final PrintWriter out;
  private boolean thinking;
  private boolean begun;
  private boolean lineEnded;

  AnswerPrinter(PrintWriter out) {
    this.out = out;
  }

  @Override
  public void onThinking(String text) {
    if (!thinking) {
      thinking = true;
      print("<think>\n");
    }
    print(text);
  }

  @Override
  public void onText(String text) {
    endThought();
    print(text);
  }

  @Override
  public void onToolRequest(ToolRequest request) {
    endThought();
    String line =
        switch (request) {
          case ToolRequest.Call call -> "[call] " + call.name() + " " + call.toolCall().arguments();
          case ToolRequest.Malformed malformed ->
              "[no call: " + malformed.error() + "] " + malformed.raw();
        };
    print((begun && !lineEnded ? "\n" : "") + line + "\n");
  }

  /** Ends the answer and its line. */
  void end() {
    if (thinking) {
      endThought();
    } else if (!lineEnded) {
      print("\n");
    }
  }

  private void endThought() {
    if (thinking) {
      thinking = false;
      print("\n</think>\n\n");
    }
  }

  private void print(String text) {
    lineEnded = text.endsWith("\n");
    begun = true;
    out.print(text.replace("\n", System.lineSeparator()));
    out.flush();
  }
}
