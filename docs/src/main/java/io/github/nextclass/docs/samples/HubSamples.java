package io.github.nextclass.docs.samples;

import io.github.nextclass.hub.Hub;
import io.github.nextclass.sampling.LanguageModel;
import java.io.IOException;

/** The sample of docs/hub.md. The tests put the shipped model into the cache under this name. */
final class HubSamples {
  private HubSamples() {}

  static void fetch() throws IOException {
    // @start region=fetch
    try (LanguageModel model = LanguageModel.load(Hub.fetch("Qwen/Qwen3-0.6B"))) {
      System.out.print(model.generate("Once upon a time").text());
    }
    // @end
  }
}
