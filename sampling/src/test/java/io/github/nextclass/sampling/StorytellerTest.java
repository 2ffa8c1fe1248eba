package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The shipped model gives what transformers computed from its weights in float32. */
class StorytellerTest {
  private static final Path MODEL = Path.of("../models/storyteller");

  @Test
  void greedyContinuationsAreThoseOfTheReference() throws IOException {
    JsonNode cases =
        JsonMapper.shared().readTree(MODEL.resolve("golden.json").toFile()).get("cases");
    assertThat(cases.size()).isGreaterThanOrEqualTo(10);
    try (LanguageModel model = LanguageModel.load(MODEL)) {
      for (JsonNode expected : cases) {
        String prompt = expected.get("prompt").asString();
        assertThat(model.encode(prompt))
            .as(prompt)
            .containsExactly(ints(expected.get("promptTokenIds")));
        int[] greedy = ints(expected.get("greedyTokenIds"));
        List<ClassScore> first =
            model
                .predictions(prompt, Decoding.greedy().topClasses(5).maxNewTokens(1))
                .getFirst()
                .top();
        for (int i = 0; i < 5; i++) {
          assertThat(first.get(i).tokenId())
              .as(prompt)
              .isEqualTo(expected.get("topTokenIds").get(i).asInt());
          assertThat((double) first.get(i).logit())
              .as(prompt)
              .isCloseTo(expected.get("topLogits").get(i).asDouble(), within(1e-3));
        }
        Decoding decoding = Decoding.greedy().ignoreEos(true).maxNewTokens(greedy.length);
        assertThat(model.generate(prompt, decoding).tokenIds()).as(prompt).containsExactly(greedy);
      }
    }
  }

  private static int[] ints(JsonNode array) {
    int[] ints = new int[array.size()];
    for (int i = 0; i < ints.length; i++) {
      ints[i] = array.get(i).asInt();
    }
    return ints;
  }
}
