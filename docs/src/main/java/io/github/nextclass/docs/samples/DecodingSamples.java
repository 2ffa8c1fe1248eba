package io.github.nextclass.docs.samples;

import io.github.nextclass.sampling.BeamSearch;
import io.github.nextclass.sampling.BeamSearch.EarlyStopping;
import io.github.nextclass.sampling.ContrastiveSearch;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.Dry;
import io.github.nextclass.sampling.DynamicTemperature;
import io.github.nextclass.sampling.EpsilonCutoff;
import io.github.nextclass.sampling.EtaCutoff;
import io.github.nextclass.sampling.FilterEffect;
import io.github.nextclass.sampling.Generation;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.Mirostat;
import io.github.nextclass.sampling.NoRepeatNgram;
import io.github.nextclass.sampling.Prediction;
import io.github.nextclass.sampling.PromptLookup;
import io.github.nextclass.sampling.TopNSigma;
import io.github.nextclass.sampling.TypicalP;
import io.github.nextclass.sampling.Xtc;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/** The samples of docs/decoding.md. */
final class DecodingSamples {
  private static final Path folder = Path.of("models/storyteller");

  private DecodingSamples() {}

  private static void tell(Decoding decoding) throws IOException {
    try (var model = LanguageModel.load(folder)) {
      System.out.println(model.generate("Once upon a time", decoding.maxNewTokens(20)).text());
    }
  }

  static void everyDay() throws IOException {
    // @start region=everyDay
    Decoding decoding =
        Decoding.sampling().temperature(0.6).topK(20).topP(0.95).seed(7).maxNewTokens(20);
    // @end
    tell(decoding);
  }

  static void typical() throws IOException {
    // @start region=typical
    Decoding decoding = Decoding.sampling().with(new TypicalP(0.9));
    // @end
    tell(decoding);
  }

  static void cutoffs() throws IOException {
    // @start region=cutoffs
    Decoding decoding = Decoding.sampling().with(new EpsilonCutoff(6e-4)).with(new EtaCutoff(2e-3));
    // @end
    tell(decoding);
  }

  static void topNSigma() throws IOException {
    // @start region=topNSigma
    Decoding decoding = Decoding.sampling().temperature(1.5).with(new TopNSigma(1));
    // @end
    tell(decoding);
  }

  static void xtc() throws IOException {
    // @start region=xtc
    Decoding decoding = Decoding.sampling().minP(0.02).with(new Xtc(0.5, 0.1));
    // @end
    tell(decoding);
  }

  static void dynamicTemperature() throws IOException {
    // @start region=dynamicTemperature
    Decoding decoding =
        Decoding.sampling().temperature(1).minP(0.05).with(new DynamicTemperature(0.5, 1));
    // @end
    tell(decoding);
  }

  static void mirostat() throws IOException {
    // @start region=mirostat
    Decoding decoding = Decoding.sampling().with(new Mirostat(5, 0.1));
    // @end
    tell(decoding);
  }

  static void noRepeatNgram() throws IOException {
    // @start region=noRepeatNgram
    Decoding decoding = Decoding.greedy().with(new NoRepeatNgram(3));
    // @end
    tell(decoding);
  }

  static void dry() throws IOException {
    Decoding decoding;
    try (var model = LanguageModel.load(folder)) {
      // @start region=dry
      Set<Integer> breakers = model.dryBreakers("\n", ":", "\"", "*");
      decoding = Decoding.sampling().with(new Dry(0.8, 1.75, 2, Dry.ALL, breakers));
      // @end
    }
    tell(decoding);
  }

  static void beams() throws IOException {
    try (var model = LanguageModel.load(folder)) {
      // @start region=beams
      BeamSearch beams =
          BeamSearch.of(4).withLengthPenalty(0.5).withEarlyStopping(EarlyStopping.NEVER);
      Decoding decoding = Decoding.greedy().beams(beams).numReturnSequences(2).maxNewTokens(20);
      for (Generation generation : model.generateAll("Once upon a time", decoding)) {
        System.out.println(generation.text());
      }
      // @end
    }
  }

  static void sampledBeams() throws IOException {
    // @start region=sampledBeams
    Decoding decoding =
        Decoding.sampling().temperature(0.8).beams(BeamSearch.of(4)).seed(7).maxNewTokens(20);
    // @end
    tell(decoding);
  }

  static void contrastive() throws IOException {
    // @start region=contrastive
    Decoding decoding = Decoding.greedy().contrastive(new ContrastiveSearch(0.6, 4));
    // @end
    tell(decoding);
  }

  static void trace() throws IOException {
    try (var model = LanguageModel.load(folder)) {
      // @start region=trace
      Decoding decoding =
          Decoding.sampling().temperature(0.8).topK(20).topP(0.9).seed(4).maxNewTokens(3);
      for (Prediction step :
          model.predictions("Once upon a time", decoding.topClasses(5).traceFilters(true))) {
        System.out.println(step.choice().reason());
        for (FilterEffect effect : step.filters()) {
          System.out.println("  " + effect.filter() + ": " + effect.classesLeft() + " left");
        }
      }
      // @end
    }
  }

  static void severalSamples() throws IOException {
    try (var model = LanguageModel.load(folder)) {
      // @start region=severalSamples
      Decoding decoding =
          Decoding.sampling().topP(0.95).seed(7).numReturnSequences(3).maxNewTokens(20);
      for (Generation generation : model.generateAll("Once upon a time", decoding)) {
        System.out.println(generation.seed() + ": " + generation.text());
      }
      // @end
    }
  }

  static void promptLookup() throws IOException {
    // @start region=promptLookup
    Decoding decoding = Decoding.greedy().promptLookup(PromptLookup.of(10)).maxNewTokens(20);
    // @end
    tell(decoding);
  }
}
