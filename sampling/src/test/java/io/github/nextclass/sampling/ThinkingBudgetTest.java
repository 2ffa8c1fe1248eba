package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ThinkingBudgetTest {
  private static final int START = 7;
  private static final int END = 8;
  private static final ThinkingBudget THREE =
      new ThinkingBudget(3, START, END, List.of(5, 6, END, 4));

  private static int[] generate(Decoding decoding, int[] prompt, int... says) {
    FakeClassifier model = FakeClassifier.saying(10, prompt.length, says);
    return new Decoder(model, prompt, decoding.maxNewTokens(12))
        .run(GenerationListener.none())
        .tokenIds();
  }

  @Test
  void aLongThoughtIsClosed() {
    assertThat(
            generate(Decoding.greedy().with(THREE), new int[] {1}, START, 2, 2, 2, 2, 2, 2, 2, 3))
        .containsExactly(START, 2, 2, 2, 5, 6, END, 4, 3, 3, 3, 3);
  }

  @Test
  void whatEndsInTimeIsLeftAlone() {
    int[] says = {START, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2};
    for (int end = 1; end <= 3; end++) {
      int[] shortened = says.clone();
      shortened[end] = END;
      assertThat(generate(Decoding.greedy().with(THREE), new int[] {1}, shortened))
          .isEqualTo(shortened);
    }
    int[] none = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2};
    assertThat(generate(Decoding.greedy().with(THREE), new int[] {1}, none)).isEqualTo(none);
    assertThat(generate(Decoding.greedy().with(THREE), new int[] {START, 2, END}, none))
        .as("the prompt has no open thought")
        .isEqualTo(none);
  }

  @Test
  void aThoughtThatThePromptBeganCounts() {
    assertThat(
            generate(Decoding.greedy().with(THREE), new int[] {1, START, 2}, 2, 2, 2, 2, 2, 2, 2))
        .startsWith(2, 2, 5, 6, END, 4, 2);
    ThinkingBudget zero = new ThinkingBudget(0, START, END, List.of(END));
    assertThat(generate(Decoding.greedy().with(zero), new int[] {1, START, 2, 2}, 3))
        .startsWith(END, 3);
    assertThat(generate(Decoding.greedy().with(zero), new int[] {1}, START, 3))
        .startsWith(START, END, 3);
  }

  /** What other filters left out is said all the same, also while drawing. */
  @Test
  void nothingKeepsItFromClosing() {
    Decoding decoding =
        Decoding.sampling()
            .topK(1)
            .seed(1)
            .bannedTokenIds(5, END)
            .with(new NoRepeatNgram(2))
            .with(new Mirostat(5, 0.1))
            .with(THREE);
    int[] tokens = generate(decoding, new int[] {START, 9, 9}, 0);
    assertThat(tokens[1]).isEqualTo(5);
    assertThat(tokens[3]).isEqualTo(END);
  }

  @Test
  void badNumbersAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ThinkingBudget(-1, 1, 2, List.of(2)))
        .withMessageContaining("thinkingBudget must be at least 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ThinkingBudget(1, 1, 2, List.of(3)))
        .withMessageContaining("must contain the token that ends a thought");
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            generate(
                Decoding.greedy().with(new ThinkingBudget(1, 7, 10, List.of(10))),
                new int[] {1},
                1))
        .withMessageContaining("closingTokenIds");
  }

  @Test
  void qwensSentenceClosesTheThoughtOfAModel(@TempDir Path folder) throws IOException {
    Checkpoints.writeByteModel(folder);
    try (LanguageModel model = LanguageModel.load(folder)) {
      Decoding decoding =
          Decoding.sampling()
              .seed(2)
              .bannedTokenIds(257, 258, 260)
              .ignoreEos(true)
              .maxNewTokens(150);
      ThinkingBudget budget = model.thinkingBudget(10);
      Generation generation = model.generate("Hm <think>", decoding.with(budget));
      int[] closing = budget.closingTokenIds().stream().mapToInt(Integer::intValue).toArray();
      assertThat(Arrays.copyOfRange(generation.tokenIds(), 10, 10 + closing.length))
          .isEqualTo(closing);
      assertThat(generation.text())
          .contains("Considering the limited time by the user, I have to give")
          .contains("directly now.\n</think>\n\n");
    }
    try (LanguageModel other = LanguageModel.load(Checkpoints.golden("gqa-tied-bf16"))) {
      assertThatIllegalStateException().isThrownBy(() -> other.thinkingBudget(3));
    }
  }
}
