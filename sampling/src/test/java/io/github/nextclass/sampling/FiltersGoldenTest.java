package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The filters leave what transformers' processors leave, class by class and value by value, and
 * what llama.cpp's formulas do where transformers has none.
 */
class FiltersGoldenTest {

  @Test
  void keepsTheSameClassesWithTheSameScores() throws IOException {
    assertThat(forEach("filters.jsonl", golden -> check(golden, 0))).isGreaterThan(1000);
  }

  @Test
  void theFurtherRulesDoToo() throws IOException {
    assertThat(
            forEach(
                "rules.jsonl",
                golden -> {
                  if (!golden.has("steps")) {
                    check(golden, 1e-6);
                  }
                }))
        .isGreaterThan(800);
  }

  @Test
  void mirostatChoosesTheSameTokens() throws IOException {
    int[] generations = {0};
    forEach(
        "rules.jsonl",
        golden -> {
          if (golden.has("steps")) {
            int[] steps = GoldenSettings.ints(golden.get("steps"));
            Decoding decoding =
                Decoding.sampling()
                    .temperature(golden.get("temperature").asDouble())
                    .with(new Mirostat(golden.get("tau").asDouble(), golden.get("eta").asDouble()))
                    .seed(golden.get("seed").asLong())
                    .maxNewTokens(steps.length);
            Generation generation =
                new Decoder(
                        FakeClassifier.random(golden.get("classes").asInt()),
                        GoldenSettings.ints(golden.get("prompt")),
                        decoding)
                    .run(GenerationListener.none());
            assertThat(generation.tokenIds()).as("%s", golden).isEqualTo(steps);
            generations[0]++;
          }
        });
    assertThat(generations[0]).isEqualTo(18);
  }

  private static int forEach(String name, Consumer<JsonNode> check) throws IOException {
    JsonMapper json = new JsonMapper();
    int lines = 0;
    try (InputStream in = FiltersGoldenTest.class.getResourceAsStream(name)) {
      assertThat(in).as(name).isNotNull();
      BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        check.accept(json.readTree(line));
        lines++;
      }
    }
    return lines;
  }

  private static void check(JsonNode golden, double tolerance) {
    int classes = golden.get("classes").asInt();
    float[] logits =
        GoldenScores.make(golden.get("kind").asString(), golden.get("seed").asLong(), classes);
    TokenHistory history = new TokenHistory(GoldenSettings.ints(golden.get("prompt")));
    for (int tokenId : GoldenSettings.ints(golden.get("generated"))) {
      history.append(tokenId);
    }

    Candidates candidates = new Candidates(classes);
    candidates.reset(logits);
    List<LogitsFilter> filters =
        LogitsFilters.of(GoldenSettings.decoding(golden.get("settings")).settings(), classes, 0);
    filters.forEach(filter -> filter.apply(candidates, history));

    String name =
        "%s of %d, seed %s, %s"
            .formatted(
                golden.get("kind").asString(), classes, golden.get("seed"), golden.get("settings"));
    long hash = 0;
    int kept = 0;
    for (int i = 0; i < candidates.count(); i++) {
      if (candidates.scores()[i] != Float.NEGATIVE_INFINITY) {
        kept++;
        hash += GoldenScores.mix(candidates.id(i) + 1L);
      }
    }
    assertThat(kept).as("classes kept: %s", name).isEqualTo(golden.get("kept").asInt());
    assertThat(Long.toHexString(hash))
        .as("set kept: %s", name)
        .isEqualTo(Long.toHexString(Long.parseUnsignedLong(golden.get("hash").asString(), 16)));
    assertThat(candidates.id(new Argmax().choose(candidates, 0).index()))
        .as("argmax: %s", name)
        .isEqualTo(golden.get("argmax").asInt());
    int[] ids = GoldenSettings.ints(golden.get("ids"));
    for (int i = 0; i < ids.length; i++) {
      double expected = golden.get("values").get(i).asDouble();
      assertThat((double) candidates.scoreOf(ids[i]))
          .as("score of %d: %s", ids[i], name)
          .isCloseTo(expected, within(tolerance * Math.max(1, Math.abs(expected))));
    }
  }
}
