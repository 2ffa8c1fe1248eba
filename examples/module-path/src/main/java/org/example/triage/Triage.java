package org.example.triage;

import io.github.nextclass.hub.Hub;
import io.github.nextclass.sampling.Classification;
import io.github.nextclass.sampling.LanguageModel;
import java.io.IOException;
import java.util.List;

/** Sorts messages into classes that are given when it starts: {@code Triage MODEL LABEL,LABEL... TEXT...}. */
public final class Triage {
  private Triage() {}

  /** The model is a folder, or a name on the Hugging Face Hub such as {@code Qwen/Qwen3-0.6B}. */
  public static void main(String[] args) throws IOException {
    List<String> labels = List.of(args[1].split(","));
    try (LanguageModel model = LanguageModel.load(Hub.fetch(args[0]))) {
      for (String text : List.of(args).subList(2, args.length)) {
        Classification c = model.classify(text, labels);
        System.out.printf("%-12s %.3f  %s%n", c.label(), c.probability(), text);
      }
    }
  }
}
