package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.nextclass.tokenizer.Message;
import io.github.nextclass.tokenizer.ToolCall;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AnswerPartsTest {
  private static final String CALL =
      "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>";

  @Test
  void aCallHasANameAndTypedArguments() {
    ChatAnswer answer =
        answer(
            """
            <think>
            I need to look.
            </think>

            One moment.
            <tool_call>
            {"name": "f", "arguments": {"s": "a\\nb", "i": -7, "big": 123456789012345678901, "x": 1.50, "b": true,
             "n": null, "l": [1, {"k": "v"}]}}
            </tool_call>\
            """);
    assertThat(answer.thinking()).isEqualTo("I need to look.");
    assertThat(answer.text()).isEqualTo("One moment.");
    ToolRequest.Call call = answer.toolCalls().getFirst();
    assertThat(call.name()).isEqualTo("f");
    assertThat(call.argument("s", String.class)).isEqualTo("a\nb");
    assertThat(call.argument("i", Long.class)).isEqualTo(-7);
    assertThat(call.argument("i", Number.class).intValue()).isEqualTo(-7);
    assertThat(call.argument("big", BigInteger.class)).isEqualTo("123456789012345678901");
    assertThat(call.argument("x", BigDecimal.class)).isEqualTo(new BigDecimal("1.50"));
    assertThat(call.argument("b", Boolean.class)).isTrue();
    assertThat(call.arguments()).containsEntry("n", null);
    assertThat((Object) call.argument("l", List.class)).isEqualTo(List.of(1L, Map.of("k", "v")));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> call.argument("s", Long.class))
        .withMessage("f: argument s must be a Long, found a\nb");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> call.argument("t", Long.class))
        .withMessageContaining("found none");
    // The text of the arguments is what the model wrote, so that the next prompt begins with it.
    assertThat(answer.message().toolCalls().getFirst().arguments())
        .startsWith("{\"s\": \"a\\nb\", \"i\": -7,")
        .endsWith("[1, {\"k\": \"v\"}]}");
  }

  @Test
  void severalCallsKeepTheirOrderAndTextBetweenThem() {
    ChatAnswer answer = answer("First" + CALL + "\n" + CALL.replace("Oslo", "Rome") + "\nLast");
    assertThat(answer.toolCalls())
        .extracting(call -> call.argument("city", String.class))
        .containsExactly("Oslo", "Rome");
    assertThat(answer.text()).isEqualTo("First\nLast");
    assertThat(answer.message().toolCalls())
        .containsExactly(
            new ToolCall("weather", "{\"city\": \"Oslo\"}"),
            new ToolCall("weather", "{\"city\": \"Rome\"}"));
  }

  @Test
  void whatIsNoCallComesBackRawWithTheError() {
    assertMalformed("{\"name\": \"f\", \"arguments\": {\"a\": }}", "invalid JSON");
    assertMalformed("{\"name\": \"f\", \"arguments\": {\"a\": \"b}}", "invalid JSON");
    assertMalformed("", "expected a JSON object");
    assertMalformed("weather(Oslo)", "invalid JSON");
    assertMalformed("[1]", "expected a JSON object");
    assertMalformed("{\"name\": \"f\"}", "arguments is missing");
    assertMalformed("{\"arguments\": {}}", "name is missing");
    assertMalformed("{\"name\": 3, \"arguments\": {}}", "name must be a string");
    assertMalformed("{\"name\": \"f\", \"arguments\": [1]}", "arguments must be an object");
    assertMalformed("{\"name\": \"f\", \"arguments\": \"Oslo\"}", "invalid JSON");
    assertMalformed("{\"name\": \"f\", \"arguments\": {}} {}", "something follows");
    assertMalformed("{\"name\": \"f\", \"name\": \"g\", \"arguments\": {}}", "Duplicate");
    assertMalformed("{\"name\": \"f\", \"arguments\": {\"a\": " + "[".repeat(5000), "nesting");
  }

  private static void assertMalformed(String raw, String error) {
    ChatAnswer answer = answer("So:\n<tool_call>\n" + raw + "\n</tool_call>\n" + CALL);
    ToolRequest.Malformed malformed = (ToolRequest.Malformed) answer.toolRequests().getFirst();
    assertThat(malformed.raw()).isEqualTo(raw);
    assertThat(malformed.error()).containsIgnoringCase(error);
    assertThat(answer.toolCalls()).as("the call behind it").hasSize(1);
    assertThat(answer.text()).isEqualTo("So:\n<tool_call>\n" + raw + "\n</tool_call>");
  }

  @Test
  void argumentsInAStringAreArguments() {
    ChatAnswer answer =
        answer("<tool_call>{\"name\": \"f\", \"arguments\": \"{\\\"a\\\": 1}\"}</tool_call>");
    assertThat(answer.toolCalls().getFirst().toolCall()).isEqualTo(new ToolCall("f", "{\"a\": 1}"));
  }

  @Test
  void aTagInsideAStringEndsNothing() {
    String call =
        "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"x</tool_call>\\\"y\"}}</tool_call>";
    assertThat(answer(call).toolCalls().getFirst().argument("a", String.class))
        .isEqualTo("x</tool_call>\"y");
  }

  @Test
  void thoughtsHaveNoCalls() {
    ChatAnswer answer = answer("<think>\nPerhaps " + CALL + "\n</think>\n\nNo.");
    assertThat(answer.toolRequests()).isEmpty();
    assertThat(answer.thinking()).isEqualTo("Perhaps " + CALL);
    assertThat(answer.text()).isEqualTo("No.");
    assertThat(answer("<think>\n" + CALL).toolRequests()).as("an unfinished thought").isEmpty();
  }

  @Test
  void aCallWithoutItsEndCountsIfItIsWhole() {
    String open = CALL.substring(0, CALL.indexOf("\n</tool_call>"));
    assertThat(answer(open).toolCalls()).hasSize(1);
    assertThat(answer(open.substring(0, open.length() - 1)).toolRequests())
        .singleElement()
        .isInstanceOf(ToolRequest.Malformed.class);
  }

  @Test
  void withoutToolsATagIsText() {
    ChatAnswer answer = ChatAnswer.of(generation("Say " + CALL), new AnswerForm(false, false));
    assertThat(answer.message()).isEqualTo(new Message.Assistant("Say " + CALL));
  }

  /** Whatever the pieces: what a listener hears is what the answer has. */
  @Test
  void aListenerHearsThePartsOfTheAnswer() {
    List<String> bits =
        List.of(
            "<think>",
            "</think>",
            "<tool_call>",
            "</tool_call>",
            CALL,
            "\n",
            " ",
            "<",
            "</",
            "think",
            "Hm.",
            "\"",
            "\\",
            "{\"name\": \"f\", \"arguments\": {}}",
            "é😀");
    Random random = new Random(5);
    for (int i = 0; i < 20_000; i++) {
      StringBuilder text = new StringBuilder();
      int thoughtEnds = 0;
      for (int j = random.nextInt(9); j >= 0; j--) {
        String bit = bits.get(random.nextInt(bits.size()));
        thoughtEnds += bit.equals("</think>") ? 1 : 0;
        text.append(bit);
      }
      AnswerForm form = new AnswerForm(random.nextInt(4) == 0, random.nextBoolean());
      boolean thinks = form.inThought() || text.toString().stripLeading().startsWith("<think>");
      if (thoughtEnds > (thinks ? 1 : 0)) {
        continue; // only the answer knows which is the last
      }
      ChatAnswer answer = ChatAnswer.of(generation(text.toString()), form);
      Heard heard = new Heard();
      AnswerParts parts = new AnswerParts(heard, form);
      for (int from = 0; from < text.length(); ) {
        int to = Math.min(text.length(), from + 1 + random.nextInt(12));
        parts.append(text.substring(from, to));
        from = to;
      }
      parts.end();
      assertThat(heard.thinking.toString()).as(text.toString()).isEqualTo(answer.thinking());
      assertThat(heard.requests).as(text.toString()).isEqualTo(answer.toolRequests());
      if (heard.requests.isEmpty()) {
        assertThat(heard.text.toString()).as(text.toString()).isEqualTo(answer.text());
      }
    }
  }

  private static final class Heard implements ChatListener {
    private final StringBuilder thinking = new StringBuilder();
    private final StringBuilder text = new StringBuilder();
    private final List<ToolRequest> requests = new ArrayList<>();

    @Override
    public void onThinking(String piece) {
      thinking.append(piece);
    }

    @Override
    public void onText(String piece) {
      text.append(piece);
    }

    @Override
    public void onToolRequest(ToolRequest request) {
      requests.add(request);
    }
  }

  private static ChatAnswer answer(String text) {
    return ChatAnswer.of(generation(text), new AnswerForm(false, true));
  }

  private static Generation generation(String text) {
    Timings timings = new Timings(0, Duration.ZERO, 0, Duration.ZERO);
    return new Generation(text, List.of(), FinishReason.EOS, 0, timings);
  }
}
