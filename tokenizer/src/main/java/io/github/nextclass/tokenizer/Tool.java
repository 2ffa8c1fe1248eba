package io.github.nextclass.tokenizer;

import java.util.Objects;

/**
 * A function that the model may call, described by JSON.
 *
 * @param json what Hugging Face's {@code tools} argument holds for one tool: {@code {"type":
 *     "function", "function": {"name": ..., "description": ..., "parameters": {...}}}}. The prompt
 *     gets it as Python's {@code json.dumps} writes it: order kept, {@code ", "} and {@code ": "}
 *     as separators, no escapes that JSON does not demand
 */
public record Tool(String json) {
  /**
   * Checks the text.
   *
   * @throws IllegalArgumentException if it is not JSON
   */
  public Tool {
    Objects.requireNonNull(json, "json");
    try {
      Json.parse(json);
    } catch (Json.JsonException e) {
      throw new IllegalArgumentException("tool is not valid JSON: " + e.getMessage(), e);
    }
  }

  String toPythonJson() {
    try {
      return PythonJson.dumps(Json.parse(json));
    } catch (Json.JsonException e) {
      throw new IllegalStateException("checked when the tool was made", e);
    }
  }
}
