package io.github.nextclass.docs.samples;

import io.github.nextclass.sampling.LanguageModel;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Path;

// @start region=producer
@Singleton
class QuarkusProducer {
  @Produces
  @Singleton
  LanguageModel languageModel() throws IOException {
    return LanguageModel.load(Path.of("models/storyteller"));
  }

  void close(@Disposes LanguageModel model) {
    model.close();
  }
}
// @end
