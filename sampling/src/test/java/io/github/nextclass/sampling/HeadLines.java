package io.github.nextclass.sampling;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The Java side of scripts/compare_heads.py. Reads lines of JSON: a checkpoint, texts, and what is
 * asked of it; answers each with a line of JSON, which is {@code {"failed": MESSAGE}} where an
 * exception came.
 */
final class HeadLines {
  private static final JsonMapper JSON = new JsonMapper();

  public static void main(String[] arguments) throws Exception {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.println(JSON.writeValueAsString(answer(JSON.readTree(line))));
    }
  }

  private static Map<String, Object> answer(JsonNode question) {
    Map<String, Object> answer = new LinkedHashMap<>();
    try (LanguageModel model = LanguageModel.load(Path.of(question.get("checkpoint").asString()))) {
      List<String> texts = strings(question.get("texts"));
      for (String ask : strings(question.get("ask"))) {
        answer.put(ask, ask(model, ask, texts, question));
      }
    } catch (Exception | Error e) {
      answer.put("failed", e.toString());
    }
    return answer;
  }

  private static Object ask(
      LanguageModel model, String ask, List<String> texts, JsonNode question) {
    return switch (ask) {
      case "classify" ->
          model.classifier().classify(texts).stream().map(HeadLines::probabilities).toList();
      case "embed" -> model.embedder(question.get("dimension").asInt()).embed(texts);
      case "query" ->
          model
              .embedder(question.get("dimension").asInt())
              .embedQueries(question.get("task").asString(), texts);
      case "score" -> texts.stream().map(text -> logProbabilities(model, text)).toList();
      case "rerank" ->
          model.reranker().score(question.get("task").asString(), texts.getFirst(), texts);
      default -> throw new IllegalArgumentException(ask);
    };
  }

  private static Map<String, List<Double>> probabilities(Classification classification) {
    Map<String, List<Double>> byLabel = new LinkedHashMap<>();
    for (LabelScore s : classification.labels()) {
      byLabel.computeIfAbsent(s.label(), label -> new ArrayList<>()).add(s.probability());
    }
    return byLabel;
  }

  private static List<Double> logProbabilities(LanguageModel model, String text) {
    return model.scorer().score(text).tokens().stream().map(TokenScore::logProbability).toList();
  }

  private static List<String> strings(JsonNode array) {
    return array.valueStream().map(JsonNode::asString).toList();
  }

  private HeadLines() {}
}
