package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The filters leave what transformers' processors leave, class by class and value by value. */
class FiltersGoldenTest {

  @Test
  void keepsTheSameClassesWithTheSameScores() throws IOException {
    JsonMapper json = new JsonMapper();
    int cases = 0;
    try (InputStream in = FiltersGoldenTest.class.getResourceAsStream("filters.jsonl")) {
      assertThat(in).as("filters.jsonl").isNotNull();
      BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        check(json.readTree(line));
        cases++;
      }
    }
    assertThat(cases).isGreaterThan(1000);
  }

  private static void check(JsonNode golden) {
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
    assertThat(candidates.id(new Argmax().choose(candidates, 0)))
        .as("argmax: %s", name)
        .isEqualTo(golden.get("argmax").asInt());
    int[] ids = GoldenSettings.ints(golden.get("ids"));
    for (int i = 0; i < ids.length; i++) {
      float expected = (float) golden.get("values").get(i).asDouble();
      assertThat(candidates.scoreOf(ids[i]))
          .as("score of %d: %s", ids[i], name)
          .isEqualTo(expected);
    }
  }
}
