package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class DecodingTest {
  private static final Decoding ANY = Decoding.sampling();

  @Test
  void outOfRangeNamesValueAndRange() {
    rejects(d -> d.temperature(-1), "temperature must be 0 (greedy) or in [1e-5, 2], got -1.0");
    rejects(
        d -> d.temperature(Double.NaN), "temperature must be 0 (greedy) or in [1e-5, 2], got NaN");
    rejects(d -> d.temperature(1e-9), "temperature must be 0 (greedy) or in [1e-5, 2], got 1.0E-9");
    rejects(d -> d.temperature(2.01), "got 2.01");
    rejects(d -> d.topP(0), "topP must be in (0, 1], got 0.0");
    rejects(d -> d.topP(1.5), "topP must be in (0, 1], got 1.5");
    rejects(d -> d.topP(Double.NaN), "topP must be in (0, 1], got NaN");
    rejects(d -> d.topK(-7), "topK must be at least 1, or 0 (off), got -7");
    rejects(d -> d.minP(2), "minP must be in [0, 1], got 2.0");
    rejects(d -> d.minP(Double.NaN), "minP must be in [0, 1], got NaN");
    rejects(d -> d.repetitionPenalty(0), "repetitionPenalty must be finite and above 0, got 0.0");
    rejects(d -> d.repetitionPenalty(Double.POSITIVE_INFINITY), "got Infinity");
    rejects(d -> d.repetitionPenalty(1e-60), "got 1.0E-60");
    rejects(d -> d.repetitionPenalty(Double.NaN), "got NaN");
    rejects(d -> d.frequencyPenalty(2.5), "frequencyPenalty must be in [-2, 2], got 2.5");
    rejects(d -> d.presencePenalty(Double.NaN), "presencePenalty must be in [-2, 2], got NaN");
    rejects(d -> d.logitBias(Map.of(3, Float.NaN)), "logitBias of token 3 must be finite, got NaN");
    rejects(d -> d.logitBias(Map.of(-1, 1f)), "logitBias must be token ids of at least 0, got -1");
    rejects(
        d -> d.allowedTokenIds(new int[0]),
        "allowedTokenIds must contain at least one token id, got none");
    rejects(d -> d.bannedTokenIds(-4), "bannedTokenIds must be token ids of at least 0, got -4");
    rejects(d -> d.stopTokenIds(1, -4), "stopTokenIds must be token ids of at least 0, got -4");
    rejects(d -> d.eosTokenIds(-4), "eosTokenIds must be token ids of at least 0, got -4");
    rejects(d -> d.stopStrings("a", ""), "stopStrings must not contain an empty string, got \"\"");
    rejects(d -> d.stopStrings("\uD83D"), "half a surrogate pair");
    rejects(d -> d.maxNewTokens(0), "maxNewTokens must be at least 1, got 0");
    rejects(d -> d.maxNewTokens(-5), "maxNewTokens must be at least 1, got -5");
    rejects(d -> d.minNewTokens(-1), "minNewTokens must be at least 0, got -1");
    rejects(d -> d.maxNewTokens(4).minNewTokens(5), "got minNewTokens 5 and maxNewTokens 4");
    rejects(d -> d.minNewTokens(5).maxNewTokens(4), "got minNewTokens 5 and maxNewTokens 4");
    rejects(d -> d.deadline(Duration.ZERO), "deadline must be above zero, got PT0S");
    rejects(d -> d.topClasses(-1), "topClasses must be at least 0, got -1");
  }

  @Test
  void bordersOfTheRangesAreAccepted() {
    Decoding decoding =
        ANY.temperature(2)
            .topP(1)
            .topP(Double.MIN_VALUE)
            .topK(-1)
            .minP(0)
            .minP(1)
            .frequencyPenalty(-2)
            .presencePenalty(2)
            .minNewTokens(3)
            .maxNewTokens(3)
            .seed(Long.MIN_VALUE);
    assertThat(decoding.temperature()).isEqualTo(2);
    assertThat(decoding.topK()).isZero();
    assertThat(decoding.maxNewTokens()).hasValue(3);
    assertThat(decoding.seed()).hasValue(Long.MIN_VALUE);
    assertThat(ANY.temperature(1e-5).isSampling()).isTrue();
  }

  @Test
  void aChangeIsACopy() {
    Decoding greedy = Decoding.greedy();
    Decoding changed = greedy.temperature(0.7).stopStrings("x").bannedTokenIds(5, 3, 5);
    assertThat(greedy.isSampling()).isFalse();
    assertThat(greedy.temperature()).isZero();
    assertThat(greedy.stopStrings()).isEmpty();
    assertThat(changed.isSampling()).isTrue();
    assertThat(changed.bannedTokenIds()).containsExactly(3, 5);
    changed.bannedTokenIds()[0] = 9;
    assertThat(changed.bannedTokenIds()).containsExactly(3, 5);
    assertThat(changed.temperature(0).isSampling()).isFalse();
  }

  private static void rejects(UnaryOperator<Decoding> change, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> change.apply(ANY))
        .withMessageContaining(message);
  }
}
