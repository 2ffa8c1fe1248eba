package io.github.nextclass.docs.samples;

import io.github.nextclass.docs.book.PlainDecoding;
import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Session;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.Generation;
import io.github.nextclass.sampling.GenerationStep;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The samples of chapter 5. */
final class LoopSamples {
  private static final Path folder = Path.of("models/storyteller");

  private LoopSamples() {}

  static void fifteenLines() throws IOException {
    // @start region=fifteenLines
    Tokenizer tokenizer = Tokenizer.load(folder);
    try (Engine engine = Engine.load(folder);
        Session session = engine.newSession(100)) {
      int end = engine.config().eosTokenId().getFirst();
      float[] scores = session.forward(tokenizer.encode("Once upon a time"));
      for (int step = 0; step < 20; step++) {
        int token = PlainDecoding.argmax(scores); // which class does the text so far belong to?
        if (token == end) {
          break;
        }
        System.out.print(tokenizer.decode(new int[] {token}));
        scores = session.forward(token); // append it, and ask again
      }
      System.out.println();
    }
    // @end
  }

  static void theRealOne() throws IOException {
    // @start region=theRealOne
    try (var model = LanguageModel.load(folder)) {
      Decoding decoding = Decoding.greedy().maxNewTokens(20);
      System.out.println(model.generate("Once upon a time", decoding).text());
    }
    // @end
  }

  static void whyItEnded() throws IOException {
    // @start region=whyItEnded
    try (var model = LanguageModel.load(folder)) {
      Generation sentence =
          model.generate("Once upon a time", Decoding.greedy().stopStrings(".").maxNewTokens(50));
      Generation answer = model.generate("Once upon a time", Decoding.greedy().maxNewTokens(400));
      System.out.println(sentence.finishReason() + " after " + sentence.tokenIds().length);
      System.out.println(answer.finishReason() + " after " + answer.tokenIds().length);
    }
    // @end
  }

  static void pulled() throws IOException {
    // @start region=pulled
    try (var model = LanguageModel.load(folder);
        Stream<GenerationStep> steps = model.stream("Once upon a", Decoding.greedy())) {
      steps
          .map(GenerationStep::text)
          .takeWhile(text -> !text.contains(".")) // the rest is never computed
          .forEach(System.out::print);
      System.out.println();
    }
    // @end
  }
}
