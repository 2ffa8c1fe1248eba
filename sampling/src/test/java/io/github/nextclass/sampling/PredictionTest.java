package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What a prediction tells of its step. */
class PredictionTest {
  private static final float[] SCORES = {2, 1, 0.5f, 0, -1, -3};

  private static Prediction predict(Decoding decoding) {
    return new Decoder(FakeClassifier.constant(SCORES), new int[] {0}, decoding.maxNewTokens(1))
        .run(GenerationListener.none())
        .predictions()
        .getFirst();
  }

  @Test
  void eachFilterIsThereWithTheScoresAfterIt() {
    Prediction p =
        predict(
            Decoding.sampling()
                .temperature(0.5)
                .topK(4)
                .topP(0.9)
                .bannedTokenIds(1)
                .seed(3)
                .topClasses(3)
                .traceFilters(true));
    assertThat(p.filters())
        .extracting(FilterEffect::filter)
        .containsExactly("banned classes", "temperature 0.5", "top-k 4", "top-p 0.9");
    assertThat(p.filters()).extracting(FilterEffect::classesLeft).startsWith(5, 5, 4);
    FilterEffect.Score afterTemperature = p.filters().get(1).scores().getFirst();
    assertThat(afterTemperature.tokenId()).isZero();
    assertThat(afterTemperature.score()).isEqualTo(4);
    double total = Math.exp(4) + Math.exp(1) + Math.exp(0) + Math.exp(-2) + Math.exp(-6);
    assertThat(afterTemperature.probability()).isCloseTo(Math.exp(4) / total, within(1e-12));
    for (FilterEffect effect : p.filters()) {
      FilterEffect.Score banned = effect.scores().get(1);
      assertThat(banned.tokenId()).isEqualTo(1);
      assertThat(banned.score()).isEqualTo(Float.NEGATIVE_INFINITY);
      assertThat(banned.probability()).isZero();
    }
    FilterEffect last = p.filters().getLast();
    for (int i = 0; i < p.top().size(); i++) {
      ClassScore top = p.top().get(i);
      assertThat(last.scores().get(i))
          .as("the last filter leaves what was chosen from")
          .isEqualTo(
              new FilterEffect.Score(
                  top.tokenId(), top.filteredLogit(), top.filteredProbability()));
    }
  }

  @Test
  void aChosenClassThatIsNotAmongTheBestIsShownToo() {
    Prediction p =
        predict(Decoding.greedy().allowedTokenIds(4, 5).topClasses(2).traceFilters(true));
    assertThat(p.tokenId()).isEqualTo(4);
    assertThat(p.filters().getFirst().scores())
        .extracting(FilterEffect.Score::tokenId)
        .containsExactly(0, 1, 4);
  }

  @Test
  void tracingChangesNothing() {
    Decoding decoding =
        Decoding.sampling()
            .temperature(0.9)
            .topK(30)
            .with(new Mirostat(3, 0.1))
            .seed(5)
            .maxNewTokens(40);
    List<int[]> runs =
        List.of(decoding, decoding.traceFilters(true).topClasses(4)).stream()
            .map(d ->
                new Decoder(FakeClassifier.random(80), new int[] {1}, d)
                    .run(GenerationListener.none())
                    .tokenIds())
            .toList();
    assertThat(runs.get(0)).isEqualTo(runs.get(1));
  }

  @Test
  void theReasonIsThatOfTheChoice() {
    assertThat(predict(Decoding.greedy()).choice()).isEqualTo(new Choice.Best());
    assertThat(predict(Decoding.greedy().allowedTokenIds(3)).choice()).isEqualTo(new Choice.Only());
    for (int seed = 0; seed < 50; seed++) {
      Prediction p = predict(Decoding.sampling().seed(seed));
      Choice.Drawn drawn = (Choice.Drawn) p.choice();
      assertThat(drawn.number()).isBetween(drawn.from(), drawn.to());
      assertThat(drawn.to() - drawn.from())
          .isCloseTo(p.chosen().filteredProbability(), within(1e-12));
      assertThat(drawn.reason()).startsWith("drawn: 0.");
    }
  }
}
