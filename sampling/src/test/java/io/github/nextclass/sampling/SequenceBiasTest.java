package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The values are those of SequenceBiasLogitsProcessor of transformers 5.18. */
class SequenceBiasTest {

  private static float[] biases(Map<List<Integer>, Float> biases, int... text) {
    Candidates candidates = new Candidates(5);
    candidates.reset(new float[5]);
    new SequenceBias.Filter(new SequenceBias(biases)).apply(candidates, new TokenHistory(text));
    return candidates.scores();
  }

  @Test
  void aSequenceCountsWhereItWouldBeCompleted() {
    Map<List<Integer>, Float> biases = Map.of(List.of(1, 2, 3), 1.5f, List.of(4), -2f);
    assertThat(biases(biases, 0, 1, 2)).containsExactly(0, 0, 0, 1.5f, -2);
    assertThat(biases(biases, 1, 2, 0)).containsExactly(0, 0, 0, 0, -2);
    assertThat(biases(biases, 2)).containsExactly(0, 0, 0, 0, -2);
  }

  @Test
  void theTextMayBeTheWholeBeginning() {
    Map<List<Integer>, Float> biases = Map.of(List.of(1, 2, 3), 1f);
    assertThat(biases(biases, 2)).containsExactly(0, 0, 0, 0, 0);
    assertThat(biases(biases, 1, 2)).containsExactly(0, 0, 0, 1, 0);
  }

  @Test
  void numbersForOneTokenAddUp() {
    Map<List<Integer>, Float> biases = new LinkedHashMap<>();
    biases.put(List.of(2, 3), 4f);
    biases.put(List.of(3), 1e8f);
    biases.put(List.of(1, 2, 3), -1e8f);
    assertThat(biases(biases, 0, 1, 2)).as("single tokens first").containsExactly(0, 0, 0, 0, 0);
    biases.put(List.of(2, 3), Float.NEGATIVE_INFINITY);
    assertThat(biases(biases, 0, 1, 2)[3]).isEqualTo(Float.NEGATIVE_INFINITY);
  }

  @Test
  void badSequencesAreRefused() {
    assertThatThrownBy(() -> new SequenceBias(Map.of(List.of(), 1f)))
        .hasMessage("sequenceBias must be of sequences with tokens, got []");
    assertThatThrownBy(() -> new SequenceBias(Map.of(List.of(1), Float.NaN)))
        .hasMessage("sequenceBias must be a number, or negative infinity, got NaN");
  }
}
