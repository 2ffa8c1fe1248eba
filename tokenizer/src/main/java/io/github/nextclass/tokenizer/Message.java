package io.github.nextclass.tokenizer;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One message of a conversation. A null content is what the reference's templates call "not a
 * string" (JSON null, or a list of parts): it renders as nothing.
 */
public sealed interface Message {
  /**
   * The message's text.
   *
   * @return the text, or null
   */
  @Nullable String content();

  /**
   * Instructions of the application.
   *
   * @param content the text; null is refused for the first message
   */
  @SuppressWarnings("AvoidCommonTypeNames") // written Message.System
  record System(@Nullable String content) implements Message {}

  /**
   * What the user says.
   *
   * @param content the text
   */
  record User(@Nullable String content) implements Message {}

  /**
   * An earlier answer of the model.
   *
   * @param content the text; may begin with {@code <think>...</think>} if reasoning is null
   * @param reasoning the thinking that led to the answer; null if it is in the content or there was
   *     none
   * @param toolCalls calls that the answer ended with
   */
  record Assistant(@Nullable String content, @Nullable String reasoning, List<ToolCall> toolCalls)
      implements Message {
    /** Copies the list. */
    public Assistant {
      toolCalls = List.copyOf(toolCalls);
    }

    /**
     * An answer without tool calls, its thinking (if any) in the content.
     *
     * @param content the text
     */
    public Assistant(@Nullable String content) {
      this(content, null, List.of());
    }
  }

  /**
   * What a called tool returned.
   *
   * @param content the result
   */
  record ToolResult(@Nullable String content) implements Message {}

  /**
   * A message of a role that the template does not know; Qwen's templates leave it out of the
   * prompt.
   *
   * @param role the role, none of system, user, assistant, tool
   * @param content the text
   */
  record Unknown(String role, @Nullable String content) implements Message {
    /** Checks for null. */
    public Unknown {
      Objects.requireNonNull(role, "role");
    }
  }
}
