package io.github.nextclass.sampling;

import io.github.nextclass.tokenizer.ToolCall;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a model wrote where a tool call belongs: a call, or text that is none. Models make mistakes,
 * so a mistake is a value here and never an exception.
 */
public sealed interface ToolRequest {

  /**
   * A call.
   *
   * @param name the function's name; whether there is such a function is for the caller to say
   * @param arguments by name, in the order of the text: String, Boolean, Long, {@link
   *     java.math.BigInteger}, {@link java.math.BigDecimal}, null, and List and Map of these
   * @param toolCall the same as the conversation keeps it, the arguments as the model wrote them
   */
  record Call(String name, Map<String, @Nullable Object> arguments, ToolCall toolCall)
      implements ToolRequest {
    /**
     * Creates a call.
     *
     * @param name the function's name
     * @param arguments by name; copied
     * @param toolCall the same as text
     */
    public Call {
      Objects.requireNonNull(name, "name");
      arguments = Collections.unmodifiableMap(new LinkedHashMap<>(arguments));
    }

    /**
     * Returns an argument that must be of some type.
     *
     * @param argument its name
     * @param type such as {@code String.class} or {@code Number.class}
     * @param <T> its type
     * @return the argument
     * @throws IllegalArgumentException if it is not there or of another type; the message can be
     *     handed to the model as the result of the call
     */
    public <T> T argument(String argument, Class<T> type) {
      Object value = arguments.get(argument);
      if (!type.isInstance(value)) {
        throw new IllegalArgumentException(
            name
                + ": argument "
                + argument
                + " must be a "
                + type.getSimpleName()
                + ", found "
                + (arguments.containsKey(argument) ? value : "none"));
      }
      return type.cast(value);
    }
  }

  /**
   * Text that is no call.
   *
   * @param raw what stands between the tags
   * @param error what is wrong with it, and where
   */
  record Malformed(String raw, String error) implements ToolRequest {}
}
