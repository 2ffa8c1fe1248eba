package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Golden data in lines of JSON, each of which names the checkpoint that it is about. */
final class GoldenLines {
  /** Compares one line. */
  interface Check {
    void check(LanguageModel model, JsonNode golden);
  }

  private GoldenLines() {}

  /** Checks all lines of a resource and returns how many there were. */
  static int checkAll(String resource, Check check) throws IOException {
    JsonMapper json = new JsonMapper();
    Map<String, LanguageModel> models = new HashMap<>();
    int count = 0;
    try (InputStream in = GoldenLines.class.getResourceAsStream(resource)) {
      assertThat(in).as(resource).isNotNull();
      BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode golden = json.readTree(line);
        String name = golden.get("checkpoint").asString();
        if (!models.containsKey(name)) {
          models.put(name, LanguageModel.load(Checkpoints.golden(name)));
        }
        check.check(models.get(name), golden);
        count++;
      }
    } finally {
      models.values().forEach(LanguageModel::close);
    }
    return count;
  }
}
