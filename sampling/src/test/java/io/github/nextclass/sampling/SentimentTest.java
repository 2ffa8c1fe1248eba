package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The shipped model tells positive reviews from negative ones that it has never seen. */
class SentimentTest {
  private static final Path BODY = Path.of("../models/storyteller");
  private static final Path HEAD = Path.of("../models/storyteller-sentiment");
  private static final Path HELD_OUT = Path.of("../scripts/storyteller/reviews-heldout.jsonl");
  private static final List<String> LABELS = List.of("positive", "negative");

  private static double accuracy(Classifier classifier) throws IOException {
    List<String> texts = new ArrayList<>();
    List<String> expected = new ArrayList<>();
    for (String line : Files.readAllLines(HELD_OUT)) {
      JsonNode review = JsonMapper.shared().readTree(line);
      texts.add(review.get("text").asString());
      expected.add(review.get("label").asString());
    }
    assertThat(texts).hasSize(500);
    List<Classification> all = classifier.classify(texts);
    int right = 0;
    for (int i = 0; i < texts.size(); i++) {
      right += all.get(i).label().equals(expected.get(i)) ? 1 : 0;
    }
    return right / 500.0;
  }

  @Test
  void byScoringLabels() throws IOException {
    try (LanguageModel model = LanguageModel.load(BODY)) {
      assertThat(accuracy(model.classifier(LABELS))).as("built-in template").isGreaterThan(0.95);
      PromptTemplate template = PromptTemplate.of("Review: {text}\nSentiment: {answer}");
      ClassifierOptions options = ClassifierOptions.defaults().withTemplate(template);
      assertThat(accuracy(model.classifier(LABELS, options))).isGreaterThan(0.95);
      assertThat(accuracy(model.classifier(LABELS, options.withCalibration(true))))
          .as("calibrated")
          .isGreaterThan(0.95);
    }
  }

  /** The folder that models/storyteller-sentiment/README.md says how to make. */
  static Path checkpoint(Path folder) throws IOException {
    for (String name :
        List.of("config.json", "score.safetensors", "model.safetensors.index.json")) {
      Files.copy(HEAD.resolve(name), folder.resolve(name));
    }
    Files.copy(BODY.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    Files.copy(BODY.resolve("model.safetensors"), folder.resolve("body.safetensors"));
    return folder;
  }

  @Test
  void byATrainedHead(@TempDir Path folder) throws IOException {
    try (LanguageModel model = LanguageModel.load(checkpoint(folder))) {
      Classifier classifier = model.classifier();
      assertThat(classifier.labels()).containsExactlyInAnyOrderElementsOf(LABELS);
      assertThat(accuracy(classifier)).isGreaterThan(0.95);

      JsonNode golden = JsonMapper.shared().readTree(HEAD.resolve("golden.json").toFile());
      assertThat(golden.get("cases").size()).isEqualTo(20);
      for (JsonNode expected : golden.get("cases")) {
        Classification actual = classifier.classify(expected.get("text").asString());
        for (String label : LABELS) {
          assertThat(actual.probability(label))
              .isCloseTo(expected.get("probabilities").get(label).asDouble(), within(1e-5));
        }
      }
    }
  }

  @Test
  void aScoreHeadDoesNothingElse(@TempDir Path folder) throws IOException {
    try (LanguageModel model = LanguageModel.load(checkpoint(folder))) {
      assertThatIllegalStateException()
          .isThrownBy(() -> model.classify("text", LABELS))
          .withMessageContaining("has no LM head");
      assertThatIllegalStateException()
          .isThrownBy(() -> model.embed("text"))
          .withMessageContaining("a Qwen3ForSequenceClassification cannot embed");
      assertThatIllegalStateException().isThrownBy(model::scorer);
      assertThatIllegalStateException().isThrownBy(model::reranker);
      assertThatIllegalStateException()
          .isThrownBy(() -> model.generate("text"))
          .withMessageContaining("has no LM head");
    }
  }
}
