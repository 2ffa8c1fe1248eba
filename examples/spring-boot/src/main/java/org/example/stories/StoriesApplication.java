package org.example.stories;

import io.github.nextclass.hub.Hub;
import io.github.nextclass.sampling.LanguageModel;
import java.io.IOException;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** Stories and labels over HTTP. */
@SpringBootApplication
public class StoriesApplication {
  public static void main(String[] args) {
    SpringApplication.run(StoriesApplication.class, args);
  }

  /** One model for all requests: it is immutable, and Spring closes it at the end. */
  @Bean
  LanguageModel languageModel(@Value("${nextclass.model}") String model) throws IOException {
    return LanguageModel.load(Hub.fetch(model));
  }
}
