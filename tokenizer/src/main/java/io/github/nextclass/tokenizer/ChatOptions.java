package io.github.nextclass.tokenizer;

import java.util.List;

/**
 * How a conversation is rendered. Immutable.
 *
 * @param addGenerationPrompt whether the prompt ends where the assistant's next answer begins
 * @param enableThinking whether the model may think before it answers; if not, an empty thought is
 *     put in front
 * @param tools functions that the model may call
 */
public record ChatOptions(boolean addGenerationPrompt, boolean enableThinking, List<Tool> tools) {
  private static final ChatOptions DEFAULTS = new ChatOptions(true, true, List.of());

  /** Copies the list. */
  public ChatOptions {
    tools = List.copyOf(tools);
  }

  /**
   * With generation prompt and thinking, without tools.
   *
   * @return the defaults
   */
  public static ChatOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Changes {@link #addGenerationPrompt()}.
   *
   * @param value the new value
   * @return changed options
   */
  public ChatOptions withAddGenerationPrompt(boolean value) {
    return new ChatOptions(value, enableThinking, tools);
  }

  /**
   * Changes {@link #enableThinking()}.
   *
   * @param value the new value
   * @return changed options
   */
  public ChatOptions withEnableThinking(boolean value) {
    return new ChatOptions(addGenerationPrompt, value, tools);
  }

  /**
   * Changes {@link #tools()}.
   *
   * @param value the new value
   * @return changed options
   */
  public ChatOptions withTools(List<Tool> value) {
    return new ChatOptions(addGenerationPrompt, enableThinking, value);
  }
}
