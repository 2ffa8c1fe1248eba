package io.github.nextclass.docs.samples;

import io.github.nextclass.sampling.Classification;
import io.github.nextclass.sampling.Classifier;
import io.github.nextclass.sampling.ClassifierOptions;
import io.github.nextclass.sampling.Embedder;
import io.github.nextclass.sampling.LabelledText;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.PromptTemplate;
import io.github.nextclass.sampling.RankedDocument;
import io.github.nextclass.sampling.TextScore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The samples of docs/classification.md. */
final class ClassificationSamples {
  private static final Path folder = Path.of("models/storyteller");

  private ClassificationSamples() {}

  static void labels() throws IOException {
    // @start region=labels
    try (var model = LanguageModel.load(folder)) {
      Classification c = model.classify("The soup was cold.", List.of("positive", "negative"));
      System.out.println(c.label());
    }
    // @end
  }

  static void options() throws IOException {
    // @start region=options
    try (var model = LanguageModel.load(folder)) {
      ClassifierOptions options =
          ClassifierOptions.defaults()
              .withTemplate(PromptTemplate.of("Review: {text}\nSentiment: {answer}"))
              .withExamples(List.of(LabelledText.of("I loved it.", "positive"))) // few-shot
              .withCalibration(true) // subtract what each label gets for an empty text
              .withLengthNormalization(true); // the mean over a label's tokens, not the sum
      Classifier classifier = model.classifier(List.of("positive", "negative"), options);
      List<String> reviews = List.of("The soup was delicious.", "The waiter was rude.");
      for (Classification c : classifier.classify(reviews)) {
        System.out.printf("%s %.3f%n", c.label(), c.probability("positive"));
      }
    }
    // @end
  }

  static void trainedHead() throws IOException {
    Path sentiment = SentimentFolder.make();
    // @start region=trainedHead
    try (var model = LanguageModel.load(sentiment)) {
      Classification c = model.classifier().classify("The soup was cold.");
      System.out.printf("%s %.3f%n", c.label(), c.probability("negative"));
    }
    // @end
  }

  static void score() throws IOException {
    // @start region=score
    try (var model = LanguageModel.load(folder)) {
      TextScore text = model.scorer().score("Once upon a time, there was a fox.");
      TextScore end = model.scorer().score("Once upon a", " time");
      System.out.printf("%.3f %.6f%n", text.perplexity(), end.logProbability());
    }
    // @end
  }

  static void embed() throws IOException {
    // @start region=embed
    try (var model = LanguageModel.load(folder)) {
      Embedder embedder = model.embedder(64);
      float[] query = embedder.embedQuery(Embedder.WEB_SEARCH, "a story about the sea");
      float[] document = embedder.embed("Once upon a time, a sailor lost her boat.");
      double cosine = 0;
      for (int i = 0; i < query.length; i++) {
        cosine += query[i] * document[i];
      }
      System.out.printf("%.3f%n", cosine);
    }
    // @end
  }

  static void rerank() throws IOException {
    // @start region=rerank
    try (var model = LanguageModel.load(folder)) {
      List<String> documents = List.of("Paris is in France.", "The sky is blue.");
      for (RankedDocument d : model.reranker().rerank("Where is Paris?", documents)) {
        System.out.printf("%.3f %s%n", d.score(), d.document());
      }
    }
    // @end
  }
}
