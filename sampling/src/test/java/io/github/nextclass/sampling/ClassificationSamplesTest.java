package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java samples of docs/classification.md, run on the shipped model. */
class ClassificationSamplesTest {
  private final Path folder = Path.of("../models/storyteller");
  private final StringBuilder printed = new StringBuilder();

  private void print(Object text) {
    printed.append(text);
  }

  @Test
  void classifies() throws IOException {
    try (var model = LanguageModel.load(folder)) {
      Classification c = model.classify("The soup was cold.", List.of("positive", "negative"));
      print(c.label());
    }
    assertThat(printed.toString()).isEqualTo("negative");
  }

  @Test
  void classifiesManyWithOptions() throws IOException {
    try (var model = LanguageModel.load(folder)) {
      ClassifierOptions options =
          ClassifierOptions.defaults()
              .withTemplate(PromptTemplate.of("Review: {text}\nSentiment: {answer}"))
              .withExamples(List.of(LabelledText.of("I loved it.", "positive"))) // few-shot
              .withCalibration(true) // subtract what each label gets for an empty text
              .withLengthNormalization(true); // the mean over a label's tokens, not the sum
      Classifier classifier = model.classifier(List.of("positive", "negative"), options);
      for (Classification c : classifier.classify(List.of("What a day!", "Never again."))) {
        print(c.label() + " " + c.probability("positive") + "\n");
      }
    }
    assertThat(printed.toString().lines()).hasSize(2);
  }

  @Test
  void classifiesWithATrainedHead(@TempDir Path temporary) throws IOException {
    Path sentiment = SentimentTest.checkpoint(temporary);
    try (var model = LanguageModel.load(sentiment)) {
      Classification c = model.classifier().classify("The soup was cold.");
      print(c.labels());
    }
    assertThat(printed.toString()).contains("negative", "positive");
  }

  @Test
  void scores() throws IOException {
    try (var model = LanguageModel.load(folder)) {
      TextScore text = model.scorer().score("Once upon a time, there was a fox.");
      TextScore end = model.scorer().score("Once upon a", " time");
      print(text.perplexity() + " " + end.logProbability());
    }
    assertThat(printed.toString()).matches("\\d+\\.\\d+ -\\d.*");
  }

  @Test
  void embeds() throws IOException {
    try (var model = LanguageModel.load(folder)) {
      Embedder embedder = model.embedder(64);
      float[] query = embedder.embedQuery(Embedder.WEB_SEARCH, "a story about the sea");
      float[] document = embedder.embed("Once upon a time, a sailor lost her boat.");
      double cosine = 0;
      for (int i = 0; i < query.length; i++) {
        cosine += query[i] * document[i];
      }
      print(cosine);
    }
    assertThat(Double.parseDouble(printed.toString())).isBetween(-1.0, 1.0);
  }

  @Test
  void ranks() throws IOException {
    try (var model = LanguageModel.load(folder)) {
      List<String> documents = List.of("Paris is in France.", "The sky is blue.");
      for (RankedDocument d : model.reranker().rerank("Where is Paris?", documents)) {
        print(d.score() + " " + d.document() + "\n");
      }
    }
    assertThat(printed.toString().lines()).hasSize(2);
  }

  @Test
  void everySampleOfThePageStandsHere() throws IOException {
    ReadmeSamplesTest.assertSamplesStandIn(
        Path.of("../docs/classification.md"), "ClassificationSamplesTest.java", 6);
  }
}
