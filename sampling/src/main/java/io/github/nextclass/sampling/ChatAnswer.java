package io.github.nextclass.sampling;

import static java.util.Objects.requireNonNull;
import static java.util.Objects.requireNonNullElse;

import io.github.nextclass.tokenizer.Message;
import io.github.nextclass.tokenizer.ToolCall;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An answer of the model in a chat.
 *
 * @param message the answer as a message: what the model thought, if it did, what it said, and the
 *     tools that it calls. A call that cannot be read stays in the content, tags included
 * @param toolRequests the calls in their order, those that cannot be read among them; empty unless
 *     tools were offered
 * @param generation the steps and the whole text that the message was taken from
 */
public record ChatAnswer(
    Message.Assistant message, List<ToolRequest> toolRequests, Generation generation) {

  /**
   * Creates an answer.
   *
   * @param message the answer as a message
   * @param toolRequests the calls; copied
   * @param generation how it came about
   */
  public ChatAnswer {
    requireNonNull(message, "message");
    toolRequests = List.copyOf(toolRequests);
    requireNonNull(generation, "generation");
  }

  /**
   * What the model said, without what it thought and called.
   *
   * @return the content of the message; empty where the model got no further than thinking
   */
  public String text() {
    return requireNonNullElse(message.content(), "");
  }

  /**
   * What the model thought.
   *
   * @return empty if it did not think
   */
  public String thinking() {
    return requireNonNullElse(message.reasoning(), "");
  }

  /**
   * The calls that can be made.
   *
   * @return in their order
   */
  public List<ToolRequest.Call> toolCalls() {
    return toolRequests.stream()
        .filter(ToolRequest.Call.class::isInstance)
        .map(ToolRequest.Call.class::cast)
        .toList();
  }

  /**
   * Splits a generated text as Qwen's documentation does: what stands before the last {@code
   * </think>} is reasoning. An answer that ended while the model was still thinking is all
   * reasoning. Calls are looked for behind the thought only.
   *
   * @param generation the answer as text
   * @param form what there may be in it
   */
  static ChatAnswer of(Generation generation, AnswerForm form) {
    String text = generation.text();
    int end = text.lastIndexOf(AnswerParts.END_OF_THINKING);
    if (end >= 0) {
      String rest = text.substring(end + AnswerParts.END_OF_THINKING.length()).stripLeading();
      return of(reasoning(text.substring(0, end)), rest, generation, form);
    }
    if (form.inThought() || text.stripLeading().startsWith(AnswerParts.THINK)) {
      return of(reasoning(text), "", generation, form);
    }
    return of(null, text, generation, form);
  }

  private static String reasoning(String thinking) {
    String reasoning = thinking.strip();
    return reasoning.startsWith(AnswerParts.THINK)
        ? reasoning.substring(AnswerParts.THINK.length()).strip()
        : reasoning;
  }

  private static ChatAnswer of(
      @Nullable String reasoning, String rest, Generation generation, AnswerForm form) {
    if (!form.withCalls()) {
      return new ChatAnswer(
          new Message.Assistant(rest, reasoning, List.of()), List.of(), generation);
    }
    StringBuilder content = new StringBuilder();
    List<ToolCall> calls = new ArrayList<>();
    List<ToolRequest> requests = new ArrayList<>();
    ChatListener collector =
        new ChatListener() {
          private boolean behindCall;

          @Override
          public void onText(String text) {
            content.append(behindCall && !content.isEmpty() ? "\n" : "").append(text);
            behindCall = false;
          }

          @Override
          public void onToolRequest(ToolRequest request) {
            requests.add(request);
            behindCall = true;
            switch (request) {
              case ToolRequest.Call call -> calls.add(call.toolCall());
              case ToolRequest.Malformed malformed ->
                  content
                      .append(content.isEmpty() ? "" : "\n")
                      .append(AnswerParts.TOOL_CALL + "\n")
                      .append(malformed.raw())
                      .append("\n" + AnswerParts.END_OF_TOOL_CALL);
            }
          }
        };
    AnswerParts parts = AnswerParts.behindThought(collector, form);
    parts.append(rest);
    parts.end();
    return new ChatAnswer(
        new Message.Assistant(content.toString(), reasoning, calls), requests, generation);
  }
}
