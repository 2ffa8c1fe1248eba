package io.github.nextclass.docs.samples;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Session;
import io.github.nextclass.sampling.ClassScore;
import io.github.nextclass.sampling.Classification;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.Prediction;
import io.github.nextclass.tokenizer.ChatOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The samples of README.md. */
final class ReadmeSamples {
  private static final Path folder = Path.of("models/storyteller");

  private ReadmeSamples() {}

  static void first() throws IOException {
    // @start region=first
    try (var model = LanguageModel.load(Path.of("models/storyteller"))) {
      Decoding decoding = model.defaultDecoding().seed(1).maxNewTokens(24);
      System.out.println(model.generate("Once upon a time", decoding).text());
    }
    // @end
  }

  static void classify() throws IOException {
    // @start region=classify
    try (var model = LanguageModel.load(folder)) {
      Classification c = model.classify("The soup was cold.", List.of("positive", "negative"));
      System.out.printf("%s %.3f%n", c.label(), c.probability());
      System.out.println(model.embed("The soup was cold.").length + " floats");
    }
    // @end
  }

  static void generate() throws IOException {
    // @start region=generate
    Path folder = Path.of("models/storyteller"); // or any Qwen3 checkpoint
    try (var model = LanguageModel.load(folder)) {
      Decoding decoding = model.defaultDecoding().seed(7).maxNewTokens(80);
      model.generate("Once upon a time", decoding, text -> System.out.print(text));
    }
    // @end
  }

  static void predictions() throws IOException {
    // @start region=predictions
    try (var model = LanguageModel.load(folder)) {
      Decoding decoding = Decoding.greedy().maxNewTokens(3).topClasses(2);
      for (Prediction p : model.predictions("Once upon a", decoding)) {
        for (ClassScore c : p.top()) {
          System.out.printf("%-12s %.3f  ", model.decode(c.tokenId()), c.probability());
        }
        System.out.println();
      }
    }
    // @end
  }

  static void chat() throws IOException {
    // @start region=chat
    try (var model = LanguageModel.load(folder);
        var chat = model.newChat(ChatOptions.defaults().withEnableThinking(false), List.of())) {
      System.out.println(chat.ask("What is the capital of France?").text());
      System.out.println(chat.ask("And what color is the sky?").text()); // goes on from there
    }
    // @end
  }

  static void engine() throws IOException {
    // @start region=engine
    try (Engine engine = Engine.load(folder);
        Session session = engine.newSession(128)) {
      float[] logits = session.forward(12, 345, 67); // the score of every class that may come next
      Session other = session.fork(); // shares the KV cache until one of the two writes
      System.out.println(logits.length + " classes, " + other.position() + " tokens");
    }
    // @end
  }
}
