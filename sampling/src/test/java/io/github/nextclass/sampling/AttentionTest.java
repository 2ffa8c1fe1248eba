package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.github.nextclass.engine.EngineOptions;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class AttentionTest {
  @Test
  void probabilitiesAreThoseOfTransformers() throws IOException {
    int cases =
        GoldenLines.checkAll(
            "attention.jsonl",
            (model, golden) -> {
              float[][] probs =
                  model.attention(
                      GoldenSettings.ints(golden.get("prompt")),
                      golden.get("layer").asInt(),
                      golden.get("head").asInt());
              JsonNode expected = golden.get("probs");
              assertThat(probs.length).isEqualTo(expected.size());
              for (int t = 0; t < probs.length; t++) {
                assertThat(probs[t]).hasSize(t + 1);
                for (int p = 0; p <= t; p++) {
                  assertThat((double) probs[t][p])
                      .as("%s, token %d at %d", golden.get("checkpoint"), t, p)
                      .isCloseTo(expected.get(t).get(p).asDouble(), within(1e-5));
                }
              }
            });
    assertThat(cases).isEqualTo(5);
  }

  @Test
  void passesDoNotShow() throws IOException {
    int[] tokens = {3, 1, 4, 1, 5, 9, 2, 6};
    float[][] whole;
    try (LanguageModel model = LanguageModel.load(Checkpoints.golden("gqa-tied-bf16"))) {
      whole = model.attention(tokens, 1, 3);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.attention(tokens, 2, 0))
          .withMessage("layer is 2, expected 0 to 1");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.attention(tokens, 0, -1))
          .withMessage("head is -1, expected 0 to 3");
      assertThatIllegalArgumentException().isThrownBy(() -> model.attention(new int[0], 0, 0));
    }
    LanguageModelOptions pieces =
        LanguageModelOptions.defaults().withEngine(EngineOptions.defaults().withPrefillChunk(3));
    try (LanguageModel model = LanguageModel.load(Checkpoints.golden("gqa-tied-bf16"), pieces)) {
      assertThat(model.attention(tokens, 1, 3)).isDeepEqualTo(whole);
    }
  }
}
