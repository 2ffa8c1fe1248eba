package io.github.nextclass.cli;

import io.github.nextclass.sampling.ChatAnswer;
import io.github.nextclass.sampling.ToolRequest;
import tools.jackson.core.JsonGenerator;

/** The parts of an answer as members of a JSON object. */
final class AnswerJson {
  private AnswerJson() {}

  static void write(JsonGenerator line, ChatAnswer answer) {
    line.writeStringProperty("thinking", answer.thinking());
    line.writeStringProperty("content", answer.text());
    line.writeArrayPropertyStart("tool_calls");
    for (ToolRequest request : answer.toolRequests()) {
      line.writeStartObject();
      switch (request) {
        case ToolRequest.Call call -> {
          line.writeStringProperty("name", call.name());
          line.writeName("arguments");
          line.writeRawValue(call.toolCall().arguments());
        }
        case ToolRequest.Malformed malformed -> {
          line.writeStringProperty("raw", malformed.raw());
          line.writeStringProperty("error", malformed.error());
        }
      }
      line.writeEndObject();
    }
    line.writeEndArray();
  }
}
