package io.github.nextclass.docs.samples;

import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.sampling.Cancellation;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.Generation;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.LanguageModelOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/** The samples of docs/embedding.md. */
final class EmbeddingSamples {
  private static final Path folder = Path.of("models/storyteller");

  private EmbeddingSamples() {}

  static void options() throws IOException {
    // @start region=options
    EngineOptions engine =
        EngineOptions.defaults()
            .withThreads(4) // of the forward pass; default: one for each core
            .withMemoryBudgetBytes(2L << 30); // for KV caches; default: 80 % of the memory
    LanguageModelOptions options =
        LanguageModelOptions.defaults().withEngine(engine).withContextLength(1024);
    try (var model = LanguageModel.load(folder, options)) {
      System.out.println(model.contextLength() + " tokens at most");
    }
    // @end
  }

  static void manyThreads() throws IOException, InterruptedException, ExecutionException {
    // @start region=manyThreads
    try (var model = LanguageModel.load(folder);
        var requests = Executors.newVirtualThreadPerTaskExecutor()) {
      Decoding decoding = Decoding.greedy().maxNewTokens(6);
      var answers =
          List.of("Once upon a", "The capital of France is", "One day").stream()
              .map(
                  prompt -> requests.submit(() -> prompt + model.generate(prompt, decoding).text()))
              .toList();
      for (var answer : answers) {
        System.out.println(answer.get());
      }
    }
    // @end
  }

  static void limits() throws IOException {
    try (var model = LanguageModel.load(folder)) {
      // @start region=limits
      var cancellation = new Cancellation(); // cancel() may come from any thread
      Decoding decoding = Decoding.greedy().deadline(Duration.ofMinutes(2)).maxNewTokens(200);
      StringBuilder sent = new StringBuilder();
      Generation generation =
          model.generate(
              "Once upon a time",
              decoding,
              text -> {
                sent.append(text); // a closed connection would be noticed here
                if (sent.length() > 60) {
                  cancellation.cancel();
                }
              },
              cancellation);
      System.out.println(generation.finishReason() + ":" + generation.text());
      // @end
    }
  }

  static void springContext() {
    try (var context = new AnnotationConfigApplicationContext(SpringConfiguration.class)) {
      System.out.println(context.getBean(SpringStories.class).continuation("Once upon a"));
    }
  }
}
