package io.github.nextclass.docs.samples;

import io.github.nextclass.docs.book.PlainQwen3;
import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Session;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/** The samples of chapter 7. */
final class TrainingSamples {
  private static final Path folder = Path.of("models/storyteller");

  private TrainingSamples() {}

  static void loss() throws IOException {
    // @start region=loss
    int[] ids = Tokenizer.load(folder).encode("Once upon a time, there lived a shy bear.");
    double[] loss = new double[1];
    try (Engine engine = Engine.load(folder);
        Session session = engine.newSession(ids.length)) {
      session.forward( // one pass, a question for every position
          ids,
          (position, scores) -> {
            if (position + 1 < ids.length) {
              int rightAnswer = ids[position + 1];
              loss[0] -= Math.log(PlainQwen3.softmax(scores)[rightAnswer]);
            }
          });
    }
    System.out.printf("%.4f nats a token%n", loss[0] / (ids.length - 1));
    // @end
  }

  static void scorer() throws IOException {
    // @start region=scorer
    try (var model = LanguageModel.load(folder)) {
      var score = model.scorer().score("Once upon a time, there lived a shy bear.");
      score
          .tokens()
          .forEach(
              t -> System.out.printf("%7.3f %s%n", t.logProbability(), model.decode(t.tokenId())));
      System.out.printf(
          "%.4f nats a token, perplexity %.2f%n",
          -score.logProbability() / score.tokens().size(), score.perplexity());
    }
    // @end
  }

  static void sameBits() throws IOException {
    // @start region=sameBits
    int[] ids = Tokenizer.load(folder).encode("Once upon a time, there lived a shy bear.");
    try (Engine engine = Engine.load(folder);
        Session together = engine.newSession(ids.length);
        Session oneByOne = engine.newSession(ids.length)) {
      float[] all = together.forward(ids);
      float[] last = {};
      for (int id : ids) {
        last = oneByOne.forward(id);
      }
      System.out.println(Arrays.equals(all, last));
    }
    // @end
  }
}
