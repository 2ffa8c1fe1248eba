package io.github.nextclass.docs.samples;

import io.github.nextclass.sampling.LanguageModel;
import java.io.IOException;
import java.nio.file.Path;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

// @start region=configuration
@Configuration
class SpringConfiguration {
  @Bean // one for the application; Spring closes what is AutoCloseable
  LanguageModel languageModel(@Value("${nextclass.model:models/storyteller}") String folder)
      throws IOException {
    return LanguageModel.load(Path.of(folder));
  }

  @Bean
  SpringStories stories(LanguageModel model) {
    return new SpringStories(model);
  }
}
// @end
