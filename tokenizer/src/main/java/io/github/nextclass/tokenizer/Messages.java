package io.github.nextclass.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Conversations as JSON, in the shape of OpenAI's and Hugging Face's {@code messages}. */
public final class Messages {

  /**
   * Reads a list of messages: objects with {@code role}, {@code content}, and for the assistant
   * {@code reasoning_content} and {@code tool_calls} (each {@code {"function": {"name": ...,
   * "arguments": ...}}} or the inner object alone; arguments as an object, or as a string that is
   * taken as it is). A content that is no string is read as null, as the templates do. Other keys
   * are ignored.
   *
   * @param json the text, a JSON list
   * @return the messages in order
   * @throws IllegalArgumentException if the text is not such a list; the message names the place
   */
  public static List<Message> fromJson(String json) {
    Object value = parse(json, "messages");
    if (!(value instanceof List<?> list)) {
      throw new IllegalArgumentException("messages must be a JSON list");
    }
    List<Message> messages = new ArrayList<>();
    for (Object entry : list) {
      messages.add(message(entry, "messages[" + messages.size() + "]"));
    }
    return messages;
  }

  /**
   * Reads a list of tools.
   *
   * @param json the text, a JSON list of objects
   * @return the tools in order
   * @throws IllegalArgumentException if the text is not such a list
   */
  public static List<Tool> toolsFromJson(String json) {
    Object value = parse(json, "tools");
    if (!(value instanceof List<?> list)) {
      throw new IllegalArgumentException("tools must be a JSON list");
    }
    List<Tool> tools = new ArrayList<>();
    for (Object entry : list) {
      tools.add(new Tool(PythonJson.dumps(entry)));
    }
    return tools;
  }

  private static Object parse(String json, String what) {
    try {
      return Json.parse(json);
    } catch (Json.JsonException e) {
      throw new IllegalArgumentException(what + ": invalid JSON: " + e.getMessage(), e);
    }
  }

  private static Message message(Object entry, String place) {
    if (!(entry instanceof Map<?, ?>)) {
      throw new IllegalArgumentException(
          place + " must be an object, found " + PythonJson.dumps(entry));
    }
    String role = string(entry, "role");
    if (role == null) {
      throw new IllegalArgumentException(
          place + ".role must be a string, found " + found(entry, "role"));
    }
    String content = string(entry, "content");
    return switch (role) {
      case "system" -> new Message.System(content);
      case "user" -> new Message.User(content);
      case "assistant" ->
          new Message.Assistant(
              content, string(entry, "reasoning_content"), toolCalls(entry, place));
      case "tool" -> new Message.ToolResult(content);
      default -> new Message.Unknown(role, content);
    };
  }

  private static String found(Object entry, String name) {
    Object value = Json.member(entry, name);
    return value == null ? "none" : PythonJson.dumps(value);
  }

  private static @Nullable String string(Object entry, String name) {
    return Json.member(entry, name) instanceof String s ? s : null;
  }

  private static List<ToolCall> toolCalls(Object entry, String messagePlace) {
    Object value = Json.member(entry, "tool_calls");
    if (value == null) {
      return List.of();
    }
    if (!(value instanceof List<?> list)) {
      throw new IllegalArgumentException(
          messagePlace + ".tool_calls must be a list, found " + PythonJson.dumps(value));
    }
    List<ToolCall> calls = new ArrayList<>();
    for (Object item : list) {
      String place = messagePlace + ".tool_calls[" + calls.size() + "]";
      Object call =
          Json.member(item, "function") instanceof Map<?, ?> function && !function.isEmpty()
              ? function
              : item;
      if (!(Json.member(call, "name") instanceof String name)) {
        throw new IllegalArgumentException(
            place + ".name must be a string, found " + found(call, "name"));
      }
      if (!(call instanceof Map<?, ?> map) || !map.containsKey("arguments")) {
        throw new IllegalArgumentException(place + ".arguments is missing");
      }
      Object arguments = map.get("arguments");
      calls.add(
          new ToolCall(name, arguments instanceof String s ? s : PythonJson.dumps(arguments)));
    }
    return calls;
  }

  private Messages() {}
}
