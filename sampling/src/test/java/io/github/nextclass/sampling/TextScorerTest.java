package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextScorerTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"gqa-tied-bf16", "noprefix"})
  void logProbabilitiesAreThoseOfTheReference(String name) throws IOException {
    try (TensorSource golden = Safetensors.open(Checkpoints.golden("heads/expected.safetensors"));
        LanguageModel model = LanguageModel.load(Checkpoints.golden(name))) {
      Tensor ids = golden.tensor(name + ".token_ids");
      int[] tokenIds =
          IntStream.range(0, (int) ids.elementCount()).map(i -> (int) ids.longAt(i)).toArray();
      float[] expected = golden.tensor(name + ".log_probs").toFloatArray();
      TextScore score = model.scorer().score(tokenIds, 1);
      assertThat(score.tokens()).hasSize(expected.length);
      double sum = 0;
      for (int i = 0; i < expected.length; i++) {
        TokenScore token = score.tokens().get(i);
        assertThat(token.position()).isEqualTo(i + 1);
        assertThat(token.tokenId()).isEqualTo(tokenIds[i + 1]);
        assertThat(token.logProbability()).isCloseTo(expected[i], within(1e-5));
        sum += expected[i];
      }
      assertThat(score.logProbability()).isCloseTo(sum, within(1e-4));
      assertThat(score.perplexity())
          .isCloseTo(Math.exp(-score.logProbability() / expected.length), within(1e-9));
      TextScore rest = model.scorer().score(tokenIds, 4);
      assertThat(rest.tokens()).isEqualTo(score.tokens().subList(3, expected.length));
    }
  }

  @Test
  void aContinuationIsTheRestOfTheText() throws IOException {
    try (LanguageModel model =
        LanguageModel.load(
            Checkpoints.writeByteModel(folder),
            new LanguageModelOptions(EngineOptions.defaults().withPrefillChunk(7), 64))) {
      TextScorer scorer = model.scorer();
      TextScore whole = scorer.score("Once upon a time");
      assertThat(whole.tokens()).hasSize(15);
      TextScore end = scorer.score("Once upon", " a time");
      assertThat(end.tokens()).isEqualTo(whole.tokens().subList(8, 15));

      assertThatIllegalArgumentException()
          .isThrownBy(() -> scorer.score("a"))
          .withMessageContaining("the text is one token, expected two or more");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> scorer.score(""))
          .withMessage("the text is empty");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> scorer.score("", "a"))
          .withMessage("the prefix is empty");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> scorer.score("a", ""))
          .withMessage("the continuation is empty");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> scorer.score("x".repeat(65)))
          .withMessage("the text is too long: 65 tokens, the context holds 64");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> scorer.score(new int[] {1, 320}, 1))
          .withMessageContaining("token id 320 at index 1");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> scorer.score(new int[] {-1, 3}, 1))
          .withMessageContaining("token id -1 at index 0");
      assertThat(scorer.score("x".repeat(64)).tokens()).hasSize(63);
    }
  }

  @Test
  void withoutATokenizerIdsCanBeScored() throws IOException {
    try (LanguageModel model = LanguageModel.load(Checkpoints.golden("bias"))) {
      assertThatIllegalStateException()
          .isThrownBy(() -> model.scorer().score("text"))
          .withMessageContaining("there is no tokenizer");
      assertThat(model.scorer().score(new int[] {1, 2, 3}, 1).tokens()).hasSize(2);
    }
  }
}
