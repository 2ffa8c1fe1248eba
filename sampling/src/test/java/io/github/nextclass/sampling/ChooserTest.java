package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ChooserTest {

  @Test
  void argmaxTakesTheLowestOfEqualIds() {
    assertThat(new Argmax().choose(candidates(1, 7, 7, 2), 0).index()).isEqualTo(1);
    assertThat(new Argmax().choose(candidates(-3, -3), 0).index()).isZero();
    assertThat(new Argmax().choose(candidates(0, Float.POSITIVE_INFINITY), 0).index()).isEqualTo(1);
  }

  @Test
  void drawsFollowTheProbabilities() {
    float[] scores = {0, (float) Math.log(2), Float.NEGATIVE_INFINITY, (float) Math.log(7)};
    Candidates candidates = candidates(scores);
    CategoricalDraw draw = new CategoricalDraw(11);
    int[] counts = new int[4];
    int draws = 200_000;
    for (int step = 0; step < draws; step++) {
      counts[draw.choose(candidates, step).index()]++;
    }
    // Four standard deviations of a binomial distribution are below 0.0045 here.
    assertThat(counts[0] / (double) draws).isCloseTo(0.1, within(0.0045));
    assertThat(counts[1] / (double) draws).isCloseTo(0.2, within(0.0045));
    assertThat(counts[2]).isZero();
    assertThat(counts[3] / (double) draws).isCloseTo(0.7, within(0.0045));
  }

  @Test
  void aDrawFollowsFromSeedAndStepAlone() {
    Candidates candidates = candidates(GoldenScores.make("flat", 1, 1000));
    int[] inOrder = draws(candidates, 99, IntStream.range(0, 20));
    int[] backwards = draws(candidates, 99, IntStream.range(0, 20).map(i -> 19 - i));
    assertThat(IntStream.range(0, 20).map(i -> backwards[19 - i]).toArray()).isEqualTo(inOrder);
    assertThat(draws(candidates, 100, IntStream.range(0, 20))).isNotEqualTo(inOrder);
  }

  /**
   * NumPy computes the same. A change of these numbers would change what every stored seed
   * generates.
   */
  @Test
  void drawsOfASeedAreFixed() {
    Candidates candidates = candidates(GoldenScores.make("bell", 8, 151_936));
    assertThat(draws(candidates, 42, IntStream.range(0, 8)))
        .containsExactly(113243, 24849, 40772, 50469, 5078, 132542, 32811, 121359);
  }

  @Test
  void theGeneratorIsSplitMix64() {
    // The first numbers for seed 1234567, as published with many implementations of SplitMix64.
    assertThat(SplitMix64.uniform(1234567, 0)).isEqualTo((6457827717110365317L >>> 11) * 0x1p-53);
    assertThat(SplitMix64.uniform(1234567, 1)).isEqualTo((3203168211198807973L >>> 11) * 0x1p-53);
  }

  @Test
  void aMaskedClassIsNeverDrawn() {
    float none = Float.NEGATIVE_INFINITY;
    Candidates candidates = candidates(none, none, 1, none);
    for (int step = 0; step < 1000; step++) {
      assertThat(new CategoricalDraw(step).choose(candidates, step).index()).isEqualTo(2);
    }
  }

  private static int[] draws(Candidates candidates, long seed, IntStream steps) {
    CategoricalDraw draw = new CategoricalDraw(seed);
    return steps.map(step -> draw.choose(candidates, step).index()).toArray();
  }

  private static Candidates candidates(float... scores) {
    Candidates candidates = new Candidates(scores.length);
    candidates.reset(scores);
    return candidates;
  }
}
