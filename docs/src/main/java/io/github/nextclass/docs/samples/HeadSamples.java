package io.github.nextclass.docs.samples;

import io.github.nextclass.docs.book.PlainQwen3;
import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.LmHead;
import io.github.nextclass.engine.Session;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The samples of chapter 4. */
final class HeadSamples {
  private static final Path folder = Path.of("models/storyteller");

  private HeadSamples() {}

  static void twoRows() throws IOException {
    // @start region=twoRows
    Tokenizer tokenizer = Tokenizer.load(folder);
    int positive = tokenizer.tokenId(" positive").orElseThrow();
    int negative = tokenizer.tokenId(" negative").orElseThrow();
    try (Engine engine = Engine.load(folder);
        Session session = engine.newSession(64)) {
      LmHead labels = engine.lmHead(new int[] {positive, negative}); // 2 rows of 2560
      int[] ids = tokenizer.encode("Review: The soup was cold.\nSentiment:");
      float[] scores = session.forward(ids, labels);
      float[] probs = PlainQwen3.softmax(scores);
      System.out.printf("positive %6.3f  %.3f%n", scores[0], probs[0]);
      System.out.printf("negative %6.3f  %.3f%n", scores[1], probs[1]);
    }
    // @end
  }

  static void allRows() throws IOException {
    // @start region=allRows
    try (var model = LanguageModel.load(folder)) {
      Decoding one = Decoding.greedy().maxNewTokens(1).topClasses(4);
      var prediction = model.predictions("Review: The soup was cold.\nSentiment:", one).getFirst();
      for (var c : prediction.top()) {
        System.out.printf("%-10s %.3f%n", model.decode(c.tokenId()), c.probability());
      }
    }
    // @end
  }

  static void trained() throws IOException {
    Path sentiment = SentimentFolder.make();
    // @start region=trained
    try (var model = LanguageModel.load(sentiment)) { // the same body, a score head of 2 rows
      for (String text : List.of("The soup was cold.", "The bread was anything but dull.")) {
        var c = model.classifier().classify(text);
        System.out.printf("%-9s %.3f  %s%n", c.label(), c.probability(), text);
      }
    }
    // @end
  }

  static void vector() throws IOException {
    // @start region=vector
    try (var model = LanguageModel.load(folder)) {
      float[] v = model.embed("The soup was cold.");
      System.out.printf("%d floats: %.3f %.3f %.3f ...%n", v.length, v[0], v[1], v[2]);
    }
    // @end
  }
}
