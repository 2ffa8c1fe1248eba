package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nextclass.sampling.BeamSearch.EarlyStopping;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The Java samples of docs/decoding.md, in their order, run on the shipped model. */
class DecodingSamplesTest {
  private static final Path MODEL = Path.of("../models/storyteller");

  private final StringBuilder printed = new StringBuilder();

  private void print(Object text) {
    printed.append(text).append('\n');
  }

  private static void tell(LanguageModel model, Decoding decoding) {
    assertThat(model.generate("Once upon a time", decoding.maxNewTokens(20)).text()).isNotBlank();
  }

  @Test
  void everySampleRuns() throws IOException {
    try (var model = LanguageModel.load(MODEL)) {
      Decoding decoding =
          Decoding.sampling().temperature(0.6).topK(20).topP(0.95).seed(7).maxNewTokens(20);
      tell(model, decoding);

      decoding = Decoding.sampling().with(new TypicalP(0.9));
      tell(model, decoding);

      decoding = Decoding.sampling().with(new EpsilonCutoff(6e-4)).with(new EtaCutoff(2e-3));
      tell(model, decoding);

      decoding = Decoding.sampling().temperature(1.5).with(new TopNSigma(1));
      tell(model, decoding);

      decoding = Decoding.sampling().minP(0.02).with(new Xtc(0.5, 0.1));
      tell(model, decoding);

      decoding = Decoding.sampling().temperature(1).minP(0.05).with(new DynamicTemperature(0.5, 1));
      tell(model, decoding);

      decoding = Decoding.sampling().with(new Mirostat(5, 0.1));
      tell(model, decoding);

      decoding = Decoding.greedy().with(new NoRepeatNgram(3));
      tell(model, decoding);

      Set<Integer> breakers = model.dryBreakers("\n", ":", "\"", "*");
      decoding = Decoding.sampling().with(new Dry(0.8, 1.75, 2, Dry.ALL, breakers));
      tell(model, decoding);

      BeamSearch beams =
          BeamSearch.of(4).withLengthPenalty(0.5).withEarlyStopping(EarlyStopping.NEVER);
      decoding = Decoding.greedy().beams(beams).numReturnSequences(2).maxNewTokens(20);
      for (Generation generation : model.generateAll("Once upon a time", decoding)) {
        print(generation.text());
      }

      decoding = Decoding.sampling().topP(0.95).seed(7).numReturnSequences(3).maxNewTokens(20);
      for (Generation generation : model.generateAll("Once upon a time", decoding)) {
        print(generation.seed() + ": " + generation.text());
      }

      decoding = Decoding.greedy().promptLookup(PromptLookup.of(10)).maxNewTokens(20);
      tell(model, decoding);
    }
    assertThat(printed.toString().lines().count()).isGreaterThanOrEqualTo(5);
    assertThat(printed.toString()).contains("7: ", "8: ", "9: ");
  }

  @Test
  void everySampleOfThePageStandsHere() throws IOException {
    ReadmeSamplesTest.assertSamplesStandIn(
        Path.of("../docs/decoding.md"), "DecodingSamplesTest.java", 12);
  }
}
