package io.github.nextclass.docs.samples;

import io.github.nextclass.docs.book.PlainDecoding;
import io.github.nextclass.docs.book.PlainQwen3;
import io.github.nextclass.engine.Session;
import io.github.nextclass.sampling.BeamSearch;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** The samples of chapter 6: every strategy on the same prompt. */
final class StrategySamples {
  private static final Path folder = Path.of("models/storyteller");
  private static final String prompt = "Once upon a time, there lived a";

  private StrategySamples() {}

  private static void tell(Decoding... decodings) throws IOException {
    try (var model = LanguageModel.load(folder)) {
      for (Decoding decoding : decodings) {
        System.out.println("…" + model.generate(prompt, decoding.maxNewTokens(12)).text());
      }
    }
  }

  static void greedy() throws IOException {
    // @start region=greedy
    tell(Decoding.greedy());
    // @end
  }

  static void wheel() throws IOException {
    // @start region=wheel
    try (var model = LanguageModel.load(folder);
        Session session = model.engine().newSession(16)) {
      float[] probs = PlainQwen3.softmax(session.forward(model.encode(prompt)));
      var random = new SplittableRandom(1);
      for (int i = 0; i < 8; i++) {
        System.out.print(model.decode(PlainDecoding.draw(probs, random)));
      }
      System.out.println();
    }
    // @end
  }

  static void temperature() throws IOException {
    // @start region=temperature
    Decoding sampling = Decoding.sampling();
    tell(
        sampling.temperature(0.5).seed(1),
        sampling.temperature(0.5).seed(2),
        sampling.temperature(1.5).seed(1),
        sampling.temperature(1.5).seed(2));
    // @end
  }

  static void truncation() throws IOException {
    // @start region=truncation
    Decoding hot = Decoding.sampling().temperature(1.5);
    tell(hot.topK(4).seed(1), hot.topP(0.8).seed(1), hot.minP(0.15).seed(1));
    // @end
  }

  static void beams() throws IOException {
    // @start region=beams
    try (var model = LanguageModel.load(folder)) {
      Decoding decoding = Decoding.greedy().beams(BeamSearch.of(3)).numReturnSequences(3);
      for (var generation : model.generateAll(prompt, decoding.maxNewTokens(4))) {
        System.out.println("…" + generation.text());
      }
    }
    // @end
  }

  static void contrastive() throws IOException {
    // @start region=contrastive
    Tokenizer tokenizer = Tokenizer.load(folder);
    int[] ids = tokenizer.encode(prompt);
    for (int step = 0; step < 10; step++) {
      List<float[]> before = new ArrayList<>();
      float[] probs = PlainQwen3.softmax(PlainQwen3.read(folder, ids, before));
      int best = 0;
      double bestScore = Double.NEGATIVE_INFINITY;
      for (int id : PlainDecoding.best(probs, 4)) {
        List<float[]> after = new ArrayList<>();
        PlainQwen3.read(folder, appended(ids, id), after); // each is tried
        double score = PlainDecoding.contrastive(probs[id], after.getLast(), before, 0.6);
        if (score > bestScore) {
          best = id;
          bestScore = score;
        }
      }
      ids = appended(ids, best);
      System.out.print(tokenizer.decode(new int[] {best}));
    }
    System.out.println();
    // @end
  }

  private static int[] appended(int[] ids, int id) {
    int[] longer = Arrays.copyOf(ids, ids.length + 1);
    longer[ids.length] = id;
    return longer;
  }

  static void constrained() throws IOException {
    // @start region=constrained
    Decoding decoding = Decoding.greedy();
    tell(
        decoding.choice(" shy bear", " brave bear", " kind king"),
        decoding.regex(" (old|young) king of \\d{2} cats"));
    // @end
  }

  static void all() throws IOException {
    // @start region=chain
    Decoding qwen = Decoding.sampling().temperature(0.6).topK(20).topP(0.95).seed(3);
    tell(qwen);
    // @end
  }
}
