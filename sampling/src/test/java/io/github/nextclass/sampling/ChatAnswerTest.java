package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nextclass.tokenizer.Message;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChatAnswerTest {

  @Test
  void anAnswerWithoutThinkingIsAllContent() {
    assertThat(answer(" Hello\n")).isEqualTo(new Message.Assistant(" Hello\n"));
    assertThat(answer("What does <think> mean?"))
        .isEqualTo(new Message.Assistant("What does <think> mean?"));
  }

  @Test
  void thinkingIsSplitAtItsLastEnd() {
    assertThat(answer("<think>\nHm.\n</think>\n\nHello"))
        .isEqualTo(new Message.Assistant("Hello", "Hm.", List.of()));
    assertThat(answer("Hm.\n</think>\n\nHello"))
        .as("a template may write the beginning itself")
        .isEqualTo(new Message.Assistant("Hello", "Hm.", List.of()));
    assertThat(answer("<think>a</think>b</think>c"))
        .isEqualTo(new Message.Assistant("c", "a</think>b", List.of()));
  }

  @Test
  void anUnfinishedThoughtIsAllReasoning() {
    assertThat(answer("<think>\nLet me see"))
        .isEqualTo(new Message.Assistant("", "Let me see", List.of()));
  }

  @Test
  void aThoughtThatThePromptBeganNeedsNoBeginning() {
    assertThat(answer("Hm.\n</think>\n\nHello", true))
        .isEqualTo(new Message.Assistant("Hello", "Hm.", List.of()));
    assertThat(answer("Let me see", true))
        .isEqualTo(new Message.Assistant("", "Let me see", List.of()));
  }

  private static Message.Assistant answer(String text) {
    return answer(text, false);
  }

  private static Message.Assistant answer(String text, boolean inThought) {
    Timings timings = new Timings(0, Duration.ZERO, 0, Duration.ZERO);
    Generation generation = new Generation(text, List.of(), FinishReason.EOS, 0, timings);
    return ChatAnswer.of(generation, new AnswerForm(inThought, false)).message();
  }
}
