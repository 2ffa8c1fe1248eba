package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
  void rulesOutOfRangeNameValueAndRange() {
    rejects(d -> d.with(new TypicalP(0)), "typicalP must be in (0, 1], got 0.0");
    rejects(d -> d.with(new TypicalP(Double.NaN)), "typicalP must be in (0, 1], got NaN");
    rejects(d -> d.with(new EpsilonCutoff(1)), "epsilonCutoff must be in [0, 1), got 1.0");
    rejects(d -> d.with(new EtaCutoff(-1)), "etaCutoff must be in [0, 1), got -1.0");
    rejects(d -> d.with(new TopNSigma(0)), "topNSigma must be finite and above 0, got 0.0");
    rejects(d -> d.with(new NoRepeatNgram(0)), "noRepeatNgramSize must be at least 1, got 0");
    rejects(d -> d.with(new Xtc(1.5, 0.1)), "xtc probability must be in [0, 1], got 1.5");
    rejects(d -> d.with(new Xtc(0.5, 0)), "xtc threshold must be in (0, 1], got 0.0");
    rejects(
        d -> d.with(new DynamicTemperature(0, 1)),
        "dynamicTemperature range must be finite and above 0, got 0.0");
    rejects(
        d -> d.with(new DynamicTemperature(1, Double.NaN)),
        "dynamicTemperature exponent must be finite and above 0, got NaN");
    rejects(d -> d.with(new Mirostat(0, 0.1)), "mirostat tau must be finite and above 0, got 0.0");
    rejects(d -> d.with(new Mirostat(5, 2)), "mirostat eta must be in [0, 1], got 2.0");
    rejects(d -> d.with(Dry.of(0)), "dry multiplier must be finite and above 0, got 0.0");
    rejects(
        d -> d.with(new Dry(1, 0.5, 2, Dry.ALL, Set.of())),
        "dry base must be finite and at least 1, got 0.5");
    rejects(
        d -> d.with(new Dry(1, 2, 0, Dry.ALL, Set.of())),
        "dry allowedLength must be at least 1, got 0");
    rejects(
        d -> d.with(new Dry(1, 2, 2, 0, Set.of())), "dry lastN must be at least 1, or -1 (all)");
    rejects(
        d -> d.with(new Dry(1, 2, 2, 5, Set.of(-1))),
        "dry breakerTokenIds must be token ids of at least 0, got -1");
  }

  @Test
  void aRuleReplacesTheOneOfItsKind() {
    Decoding decoding = ANY.with(new TypicalP(0.5)).with(new TypicalP(0.9));
    assertThat(decoding.settings().rule(TypicalP.class)).hasValue(new TypicalP(0.9));
    assertThat(decoding.without(TypicalP.class).settings().rule(TypicalP.class)).isEmpty();
    assertThat(ANY.settings().rule(TypicalP.class)).isEmpty();
  }

  @Test
  void mirostatTakesThePlaceOfOtherTruncations() {
    Decoding decoding =
        ANY.topK(20)
            .topP(0.9)
            .minP(0.1)
            .with(new Xtc(0.5, 0.1))
            .with(Dry.of(1))
            .with(new Mirostat(5, 0.1));
    assertThat(decoding.settings().topK()).isZero();
    assertThat(decoding.settings().topP()).isEqualTo(1);
    assertThat(decoding.settings().minP()).isZero();
    assertThat(decoding.settings().rule(Xtc.class)).isEmpty();
    assertThat(decoding.settings().rule(Dry.class)).as("no truncation").isPresent();
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            new Decoder(
                FakeClassifier.random(5), new int[] {1}, decoding.topK(3).with(new TypicalP(0.5))))
        .withMessage(
            "mirostat takes the place of other truncations, but there is also TypicalP, topK");
  }

  @Test
  void everyRuleReportsScoresThatAreNoNumbersAndSurvivesThoseThatAreInfinite() {
    for (FilterRule rule :
        List.of(
            Dry.of(1),
            new DynamicTemperature(0.5, 1),
            new EpsilonCutoff(0.1),
            new EtaCutoff(0.1),
            new Mirostat(3, 0.1),
            new NoRepeatNgram(2),
            new TopNSigma(1),
            new TypicalP(0.5),
            new Xtc(1, 0.1))) {
      Decoding decoding = Decoding.sampling().with(rule).seed(1).maxNewTokens(3);
      assertThatThrownBy(() -> run(decoding, 1, Float.NaN, 2))
          .as("%s", rule)
          .isInstanceOf(NumericException.class)
          .hasMessage("step 0: 1 of 3 logits are NaN");
      float inf = Float.POSITIVE_INFINITY;
      if (!(rule instanceof NoRepeatNgram)) {
        assertThat(run(decoding, 1, inf, -inf, 2)).as("%s", rule).containsExactly(1, 1, 1);
      }
      assertThatThrownBy(() -> run(decoding, -inf, -inf))
          .as("%s", rule)
          .isInstanceOf(DecodingException.class)
          .hasMessage("step 0: all 2 logits are -Infinity");
    }
  }

  private static int[] run(Decoding decoding, float... scores) {
    return new Decoder(FakeClassifier.constant(scores), new int[] {0}, decoding)
        .run(GenerationListener.none())
        .tokenIds();
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
    assertThat(decoding.settings().temperature()).isEqualTo(2);
    assertThat(decoding.settings().topK()).isZero();
    assertThat(decoding.settings().maxNewTokens()).hasValue(3);
    assertThat(decoding.settings().seed()).hasValue(Long.MIN_VALUE);
    assertThat(ANY.temperature(1e-5).settings().isSampling()).isTrue();
  }

  @Test
  void aChangeIsACopy() {
    Decoding greedy = Decoding.greedy();
    Decoding changed = greedy.temperature(0.7).stopStrings("x").bannedTokenIds(5, 3, 5);
    assertThat(greedy.settings().isSampling()).isFalse();
    assertThat(greedy.settings().temperature()).isZero();
    assertThat(greedy.settings().stopStrings()).isEmpty();
    assertThat(changed.settings().isSampling()).isTrue();
    assertThat(changed.settings().bannedTokenIds()).containsExactly(3, 5);
    changed.settings().bannedTokenIds()[0] = 9;
    assertThat(changed.settings().bannedTokenIds()).containsExactly(3, 5);
    assertThat(changed.temperature(0).settings().isSampling()).isFalse();
  }

  private static void rejects(UnaryOperator<Decoding> change, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> change.apply(ANY))
        .withMessageContaining(message);
  }
}
