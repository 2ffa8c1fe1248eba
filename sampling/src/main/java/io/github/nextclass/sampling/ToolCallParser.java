package io.github.nextclass.sampling;

import io.github.nextclass.tokenizer.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads what stands between {@code <tool_call>} and {@code </tool_call>}, as Qwen3 is trained to
 * write it: {@code {"name": ..., "arguments": {...}}}. Arguments that are a string with an object
 * in it, as OpenAI's interface has them, count as that object.
 */
final class ToolCallParser {
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(100).build())
          .build();

  /** Text that is not what it should be. */
  private static final class BadCallException extends Exception {
    private static final long serialVersionUID = 1L;

    BadCallException(String message) {
      super(message);
    }
  }

  private final String text;
  private final JsonParser parser;

  private ToolCallParser(String text) {
    this.text = text;
    this.parser = JSON.createParser(ObjectReadContext.empty(), text);
  }

  /** Reads a call; what is none comes back with the reason. */
  static ToolRequest parse(String raw) {
    try {
      return new ToolCallParser(raw).call();
    } catch (BadCallException e) {
      return new ToolRequest.Malformed(raw, String.valueOf(e.getMessage()));
    } catch (JacksonException e) {
      return new ToolRequest.Malformed(raw, "invalid JSON: " + JsonFailure.describe(e));
    }
  }

  private ToolRequest.Call call() throws BadCallException {
    require(parser.nextToken() == JsonToken.START_OBJECT, "expected a JSON object");
    String name = null;
    ToolCallParser arguments = null;
    String argumentsText = null;
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      JsonToken value = parser.nextToken();
      if (key.equals("name")) {
        require(value == JsonToken.VALUE_STRING, "name must be a string");
        name = parser.getString();
      } else if (key.equals("arguments")) {
        boolean inString = value == JsonToken.VALUE_STRING;
        arguments = inString ? new ToolCallParser(parser.getString()) : this;
        if (inString) {
          arguments.parser.nextToken();
        }
        int from = arguments.offset();
        require(
            arguments.parser.currentToken() == JsonToken.START_OBJECT,
            "arguments must be an object");
        values = arguments.object();
        argumentsText = arguments.text.substring(from, arguments.endOffset());
        require(
            !inString || arguments.parser.nextToken() == null, "something follows the arguments");
      } else {
        parser.skipChildren();
      }
    }
    require(parser.nextToken() == null, "something follows the JSON object");
    if (name == null || argumentsText == null) {
      throw new BadCallException(
          "name and arguments are needed, "
              + (name == null ? "name" : "arguments")
              + " is missing");
    }
    return new ToolRequest.Call(name, values, new ToolCall(name, argumentsText));
  }

  private int offset() {
    return (int) parser.currentTokenLocation().getCharOffset();
  }

  private int endOffset() {
    return (int) parser.currentLocation().getCharOffset();
  }

  private Map<String, @Nullable Object> object() {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      parser.nextToken();
      members.put(key, value());
    }
    return members;
  }

  private @Nullable Object value() {
    return switch (parser.currentToken()) {
      case START_OBJECT -> object();
      case START_ARRAY -> {
        List<@Nullable Object> elements = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          elements.add(value());
        }
        yield elements;
      }
      case VALUE_STRING -> parser.getString();
      case VALUE_NUMBER_INT ->
          parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
              ? parser.getBigIntegerValue()
              : (Object) parser.getLongValue();
      case VALUE_NUMBER_FLOAT -> parser.getDecimalValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> null;
    };
  }

  private static void require(boolean condition, String message) throws BadCallException {
    if (!condition) {
      throw new BadCallException(message);
    }
  }
}
