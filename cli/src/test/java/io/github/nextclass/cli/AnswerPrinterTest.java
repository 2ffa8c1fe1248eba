package io.github.nextclass.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nextclass.sampling.ToolRequest;
import io.github.nextclass.tokenizer.ToolCall;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class AnswerPrinterTest {
  @Test
  void anAnswerIsALine() {
    assertThat(
            printed(printer -> {
              printer.onText("Hel");
              printer.onText("lo");
            }))
        .isEqualTo("Hello\n");
    assertThat(printed(printer -> {})).isEqualTo("\n");
  }

  @Test
  void aThoughtStandsBetweenTags() {
    assertThat(
            printed(printer -> {
              printer.onThinking("H");
              printer.onThinking("m.");
              printer.onText("Hello");
            }))
        .isEqualTo("<think>\nHm.\n</think>\n\nHello\n");
    assertThat(printed(printer -> printer.onThinking("Hm.")))
        .isEqualTo("<think>\nHm.\n</think>\n\n");
  }

  @Test
  void aCallIsALineOfItsOwn() {
    assertThat(
            printed(printer -> {
              printer.onText("Let me look.");
              printer.onToolRequest(
                  new ToolRequest.Call("look", Map.of(), new ToolCall("look", "{\"at\": 1}")));
              printer.onToolRequest(new ToolRequest.Malformed("{", "invalid JSON"));
            }))
        .isEqualTo("Let me look.\n[call] look {\"at\": 1}\n[no call: invalid JSON] {\n");
  }

  private static String printed(Consumer<AnswerPrinter> answer) {
    StringWriter out = new StringWriter();
    AnswerPrinter printer = new AnswerPrinter(new PrintWriter(out));
    answer.accept(printer);
    printer.end();
    return out.toString().replace(System.lineSeparator(), "\n");
  }
}
