package org.example.story;

import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;
import java.io.IOException;
import java.nio.file.Path;

/** Tells a story, word by word: {@code Story FOLDER BEGINNING}. */
public final class Story {
  private Story() {}

  public static void main(String[] args) throws IOException {
    try (LanguageModel model = LanguageModel.load(Path.of(args[0]))) {
      Decoding decoding = model.defaultDecoding().seed(7).maxNewTokens(60);
      System.out.print(args[1]);
      model.generate(args[1], decoding, text -> {
        System.out.print(text);
        System.out.flush();
      });
      System.out.println();
    }
  }
}
