package org.example.stories;

import io.github.nextclass.sampling.Classification;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody;

@RestController
class StoriesController {
  private static final MediaType TEXT = new MediaType("text", "plain", StandardCharsets.UTF_8);

  private final LanguageModel model;

  StoriesController(LanguageModel model) {
    this.model = model;
  }

  /** The story as it is made. A reader who goes away ends it: writing to him fails. */
  @GetMapping("/story")
  ResponseEntity<StreamingResponseBody> story(
      @RequestParam String beginning, @RequestParam(defaultValue = "7") long seed) {
    Decoding decoding = model.defaultDecoding().seed(seed).maxNewTokens(60);
    return ResponseEntity.ok()
        .contentType(TEXT)
        .body(out -> {
          Writer writer = new OutputStreamWriter(out, StandardCharsets.UTF_8);
          model.generate(beginning, decoding, text -> {
            try {
              writer.append(text).flush();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
          writer.flush();
        });
  }

  @GetMapping("/label")
  Classification label(@RequestParam String text, @RequestParam List<String> labels) {
    return model.classify(text, labels);
  }
}
