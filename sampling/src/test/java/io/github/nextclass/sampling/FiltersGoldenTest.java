package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
    TokenHistory history = new TokenHistory(ints(golden.get("prompt")));
    for (int tokenId : ints(golden.get("generated"))) {
      history.append(tokenId);
    }

    Candidates candidates = new Candidates(classes);
    candidates.reset(logits);
    List<LogitsFilter> filters =
        LogitsFilters.of(decoding(golden.get("settings")).settings(), classes);
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
    int[] ids = ints(golden.get("ids"));
    for (int i = 0; i < ids.length; i++) {
      float expected = (float) golden.get("values").get(i).asDouble();
      assertThat(candidates.scoreOf(ids[i]))
          .as("score of %d: %s", ids[i], name)
          .isEqualTo(expected);
    }
  }

  private static Decoding decoding(JsonNode settings) {
    Decoding decoding =
        settings.get("do_sample").asBoolean() ? Decoding.sampling() : Decoding.greedy();
    for (Map.Entry<String, JsonNode> setting : settings.properties()) {
      JsonNode value = setting.getValue();
      decoding =
          switch (setting.getKey()) {
            case "do_sample" -> decoding;
            case "temperature" -> decoding.temperature(value.asDouble());
            case "top_k" -> decoding.topK(value.asInt());
            case "top_p" -> decoding.topP(value.asDouble());
            case "min_p" -> decoding.minP(value.asDouble());
            case "repetition_penalty" -> decoding.repetitionPenalty(value.asDouble());
            case "frequency_penalty" -> decoding.frequencyPenalty(value.asDouble());
            case "presence_penalty" -> decoding.presencePenalty(value.asDouble());
            case "logit_bias" -> decoding.logitBias(bias(value));
            case "banned_token_ids" -> decoding.bannedTokenIds(ints(value));
            case "allowed_token_ids" -> decoding.allowedTokenIds(ints(value));
            case "eos_token_id" -> decoding.eosTokenIds(ints(value));
            case "min_new_tokens" -> decoding.minNewTokens(value.asInt());
            default -> throw new IllegalArgumentException(setting.getKey());
          };
    }
    return decoding;
  }

  private static Map<Integer, Float> bias(JsonNode node) {
    Map<Integer, Float> bias = new TreeMap<>();
    node.properties()
        .forEach(e -> bias.put(Integer.valueOf(e.getKey()), (float) e.getValue().asDouble()));
    return bias;
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }
}
