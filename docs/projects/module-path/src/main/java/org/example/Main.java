package org.example;

import io.github.nextclass.sampling.Classification;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

public final class Main {
  private Main() {}

  public static void main(String[] args) throws IOException {
    try (var model = LanguageModel.load(Path.of(args[0]))) { // any Qwen3 checkpoint folder
      Decoding decoding = model.defaultDecoding().seed(7).maxNewTokens(40);

      System.out.println(model.generate("Once upon a time", decoding).text());

      model.generate("The dog", decoding, text -> System.out.print(text)); // as it is made
      System.out.println();

      Classification c = model.classify("The soup was cold.", List.of("positive", "negative"));
      System.out.printf("%s %.3f%n", c.label(), c.probability(c.label()));

      float[] vector = model.embed("The soup was cold.");
      System.out.println(vector.length + " floats");
    }
  }
}
