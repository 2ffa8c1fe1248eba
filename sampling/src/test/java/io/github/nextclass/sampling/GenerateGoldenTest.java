package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Whole generations have the tokens of transformers' generate(): filters, order and end rules
 * together.
 */
class GenerateGoldenTest {

  @Test
  void generatesTheSameTokens() throws IOException {
    JsonMapper json = new JsonMapper();
    Map<String, LanguageModel> models = new HashMap<>();
    int cases = 0;
    try (InputStream in = GenerateGoldenTest.class.getResourceAsStream("generate.jsonl")) {
      assertThat(in).as("generate.jsonl").isNotNull();
      BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode golden = json.readTree(line);
        String name = golden.get("checkpoint").asString();
        if (!models.containsKey(name)) {
          models.put(name, LanguageModel.load(Checkpoints.golden(name)));
        }
        Decoding decoding = GoldenSettings.decoding(golden.get("settings"));
        Generation generation =
            models.get(name).generate(GoldenSettings.ints(golden.get("prompt")), decoding);
        int[] expected = GoldenSettings.ints(golden.get("tokens"));
        assertThat(generation.tokenIds()).as(line).isEqualTo(expected);
        boolean full = expected.length == decoding.settings().maxNewTokens().orElseThrow();
        if (!full) {
          assertThat(generation.finishReason()).as(line).isEqualTo(FinishReason.EOS);
        }
        cases++;
      }
    } finally {
      models.values().forEach(LanguageModel::close);
    }
    assertThat(cases).isGreaterThan(100);
  }
}
