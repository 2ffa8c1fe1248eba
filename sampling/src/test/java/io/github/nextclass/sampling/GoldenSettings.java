package io.github.nextclass.sampling;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** The settings of golden data, which go by transformers' names. */
final class GoldenSettings {
  private GoldenSettings() {}

  static Decoding decoding(JsonNode settings) {
    Decoding decoding =
        settings.path("do_sample").asBoolean(false) ? Decoding.sampling() : Decoding.greedy();
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
            case "max_new_tokens" -> decoding.maxNewTokens(value.asInt());
            case "min_new_tokens" -> decoding.minNewTokens(value.asInt());
            case "typical_p" -> decoding.with(new TypicalP(value.asDouble()));
            case "epsilon_cutoff" -> decoding.with(new EpsilonCutoff(value.asDouble()));
            case "eta_cutoff" -> decoding.with(new EtaCutoff(value.asDouble()));
            case "no_repeat_ngram_size" -> decoding.with(new NoRepeatNgram(value.asInt()));
            case "top_n_sigma" -> decoding.with(new TopNSigma(value.asDouble()));
            case "xtc_threshold" -> decoding.with(new Xtc(1, value.asDouble()));
            case "dynatemp" ->
                decoding.with(
                    new DynamicTemperature(
                        value.get("spread").asDouble(), value.get("exponent").asDouble()));
            case "dry" -> decoding.with(dry(value));
            case "num_beams" -> decoding.beams(BeamSearch.of(value.asInt()));
            case "penalty_alpha" ->
                decoding.contrastive(
                    new ContrastiveSearch(value.asDouble(), settings.get("top_k").asInt()));
            case "num_return_sequences" -> decoding.numReturnSequences(value.asInt());
            case "length_penalty" ->
                decoding.beams(beams(decoding).withLengthPenalty(value.asDouble()));
            case "early_stopping" ->
                decoding.beams(
                    beams(decoding)
                        .withEarlyStopping(
                            BeamSearch.EarlyStopping.valueOf(
                                value.asString().toUpperCase(Locale.ROOT))));
            default -> throw new IllegalArgumentException(setting.getKey());
          };
    }
    return decoding;
  }

  private static BeamSearch beams(Decoding decoding) {
    return decoding.settings().beams().orElseThrow();
  }

  private static Dry dry(JsonNode node) {
    return new Dry(
        node.get("multiplier").asDouble(),
        node.get("base").asDouble(),
        node.get("allowed_length").asInt(),
        node.get("last_n").asInt(),
        Arrays.stream(ints(node.get("breakers"))).boxed().collect(Collectors.toSet()));
  }

  private static Map<Integer, Float> bias(JsonNode node) {
    Map<Integer, Float> bias = new TreeMap<>();
    node.properties()
        .forEach(e -> bias.put(Integer.valueOf(e.getKey()), (float) e.getValue().asDouble()));
    return bias;
  }

  static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }
}
