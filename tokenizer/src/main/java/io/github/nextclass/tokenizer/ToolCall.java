package io.github.nextclass.tokenizer;

import java.util.Objects;

/**
 * A call of a function that an assistant asked for.
 *
 * @param name the function's name
 * @param arguments the arguments as JSON text, written into the prompt exactly as given
 */
public record ToolCall(String name, String arguments) {
  /** Checks for null. */
  public ToolCall {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(arguments, "arguments");
  }
}
