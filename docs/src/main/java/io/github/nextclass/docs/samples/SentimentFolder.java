package io.github.nextclass.docs.samples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** The checkpoint that models/storyteller-sentiment/README.md says how to put together. */
final class SentimentFolder {
  private static final Path HEAD = Path.of("models/storyteller-sentiment");
  private static final Path BODY = Path.of("models/storyteller");

  private SentimentFolder() {}

  static Path make() throws IOException {
    Path folder = Files.createDirectories(Path.of("docs/target/sentiment"));
    for (String name :
        List.of("config.json", "score.safetensors", "model.safetensors.index.json")) {
      copy(HEAD.resolve(name), folder.resolve(name));
    }
    copy(BODY.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    copy(BODY.resolve("model.safetensors"), folder.resolve("body.safetensors"));
    return folder;
  }

  /** A copy that is there is deleted first, not overwritten: it may be mapped. */
  private static void copy(Path from, Path to) throws IOException {
    Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
  }
}
