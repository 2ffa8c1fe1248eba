package io.github.nextclass.sampling;

import static java.util.Objects.requireNonNull;
import static java.util.Objects.requireNonNullElse;

import io.github.nextclass.tokenizer.Message;
import java.util.List;

/**
 * An answer of the model in a chat.
 *
 * @param message the answer as a message: what the model thought, if it did, and what it said. Tool
 *     calls are still text in the content
 * @param generation the steps and the whole text that the message was taken from
 */
public record ChatAnswer(Message.Assistant message, Generation generation) {
  private static final String THINK = "<think>";
  private static final String END_OF_THINKING = "</think>";

  /**
   * Creates an answer.
   *
   * @param message the answer as a message
   * @param generation how it came about
   */
  public ChatAnswer {
    requireNonNull(message, "message");
    requireNonNull(generation, "generation");
  }

  /**
   * What the model said, without what it thought.
   *
   * @return the content of the message; empty where the model got no further than thinking
   */
  public String text() {
    return requireNonNullElse(message.content(), "");
  }

  /**
   * Splits a generated text as Qwen's documentation does: what stands before the last {@code
   * </think>} is reasoning. An answer that ended while the model was still thinking is all
   * reasoning.
   *
   * @param generation what was generated
   * @param inThought whether the prompt began the thought already
   */
  static ChatAnswer of(Generation generation, boolean inThought) {
    String text = generation.text();
    int end = text.lastIndexOf(END_OF_THINKING);
    if (end >= 0) {
      return of(text.substring(0, end), text.substring(end + END_OF_THINKING.length()), generation);
    }
    if (inThought || text.stripLeading().startsWith(THINK)) {
      return of(text, "", generation);
    }
    return new ChatAnswer(new Message.Assistant(text), generation);
  }

  private static ChatAnswer of(String thinking, String rest, Generation generation) {
    String reasoning = thinking.strip();
    if (reasoning.startsWith(THINK)) {
      reasoning = reasoning.substring(THINK.length()).strip();
    }
    return new ChatAnswer(
        new Message.Assistant(rest.stripLeading(), reasoning, List.of()), generation);
  }
}
