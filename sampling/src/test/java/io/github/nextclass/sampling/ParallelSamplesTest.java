package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Samples that share a prompt are those that would be drawn one by one. */
class ParallelSamplesTest {
  private static final Decoding FIVE =
      Decoding.sampling().numReturnSequences(5).seed(11).maxNewTokens(30);

  @Test
  void eachIsAGenerationOfItsOwnSeed() throws IOException {
    try (LanguageModel model = LanguageModel.load(Path.of("../models/storyteller"))) {
      for (String prompt : List.of("O", "Once upon a time", "The dog ".repeat(150))) {
        Decoding decoding =
            FIVE.temperature(0.9).topP(0.95).with(new Mirostat(4, 0.2)).stopStrings("and");
        List<Generation> samples = model.generateAll(prompt, decoding);
        assertThat(samples).hasSize(5);
        for (int i = 0; i < 5; i++) {
          Generation alone = model.generate(prompt, decoding.numReturnSequences(1).seed(11 + i));
          assertThat(samples.get(i).seed()).isEqualTo(11 + i);
          assertThat(samples.get(i).tokenIds()).isEqualTo(alone.tokenIds());
          assertThat(samples.get(i).text()).isEqualTo(alone.text());
          assertThat(samples.get(i).finishReason()).isEqualTo(alone.finishReason());
        }
        assertThat(samples.stream().map(Generation::text).distinct().count()).isGreaterThan(1);
      }
    }
  }

  @Test
  void thePromptIsReadOnceAndBranchesAreClosed() {
    FakeClassifier root = FakeClassifier.random(50);
    List<Generation> samples =
        run(root, FIVE.eosTokenIds(3, 4, 5), new Cancellation(), new int[600]);
    assertThat(samples).hasSize(5);
    assertThat(root.pieceLengths()).containsExactly(256, 256, 87);
    assertThat(root.open()).isEqualTo(1);
  }

  @Test
  void aCancellationEndsAll() {
    Cancellation cancellation = new Cancellation();
    FakeClassifier root =
        new FakeClassifier(
            9,
            100,
            prefix -> {
              if (prefix.size() == 7) {
                cancellation.cancel();
              }
              return GoldenScores.make("bell", prefix.hashCode(), 9);
            });
    assertThat(run(root, FIVE, cancellation, 1, 2))
        .hasSize(5)
        .allMatch(g -> g.finishReason() == FinishReason.CANCELLED && g.tokenIds().length == 6);
    cancellation.cancel();
    assertThat(run(FakeClassifier.random(9), FIVE, cancellation, new int[900]))
        .hasSize(5)
        .allMatch(g -> g.tokenIds().length == 0);
  }

  @Test
  void aFailureClosesAllBranches() {
    FakeClassifier root =
        new FakeClassifier(
            3, 100, prefix -> new float[] {0, prefix.size() == 4 ? Float.NaN : 0, 0});
    assertThatThrownBy(() -> run(root, FIVE, new Cancellation(), 1))
        .isInstanceOf(NumericException.class)
        .hasMessage("step 3: 1 of 3 logits are NaN");
    assertThat(root.open()).isEqualTo(1);
  }

  @Test
  void contradictionsAreRefused() {
    refuses(FIVE.temperature(0), "greedy decoding gives the same sequence each time");
    refuses(
        FIVE.promptLookup(PromptLookup.of(3)),
        "promptLookup and a numReturnSequences of 5 exclude each other");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FIVE.numReturnSequences(0))
        .withMessage("numReturnSequences must be 1 to 1024, got 0");
  }

  private static void refuses(Decoding decoding, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> run(FakeClassifier.random(9), decoding, new Cancellation(), 1))
        .withMessageContaining(message);
  }

  private static List<Generation> run(
      FakeClassifier root, Decoding decoding, Cancellation cancellation, int... prompt) {
    return ParallelSamples.run(
        root,
        prompt,
        decoding,
        Detokenizer::none,
        new GenerationClock(decoding.settings().deadline, cancellation, System::nanoTime));
  }
}
