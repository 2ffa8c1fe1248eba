package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DecoderTest {
  private static final int[] PROMPT = {0};
  private static final Decoding GREEDY = Decoding.greedy();

  // ---- the loop

  @Test
  void classifiesChoosesAppendsAndAsksAgain() {
    FakeClassifier classifier = FakeClassifier.counting(10);
    Generation generation = run(classifier, GREEDY.maxNewTokens(4), 5, 6);
    assertThat(generation.tokenIds()).containsExactly(7, 8, 9, 0);
    assertThat(generation.finishReason()).isEqualTo(FinishReason.LENGTH);
    assertThat(classifier.prefix()).as("the last token is not read").containsExactly(5, 6, 7, 8, 9);
    assertThat(classifier.pieceLengths()).containsExactly(2, 1, 1, 1);
  }

  @Test
  void aPredictionIsAClassification() {
    float[] logits = {1, 3, 2, 3, Float.NEGATIVE_INFINITY};
    Generation generation =
        run(FakeClassifier.constant(logits), GREEDY.topClasses(4).maxNewTokens(2), 0, 1, 2);
    Prediction prediction = generation.predictions().get(1);
    double total = Math.exp(1) + 2 * Math.exp(3) + Math.exp(2);
    assertThat(prediction.step()).isEqualTo(1);
    assertThat(prediction.position()).isEqualTo(4);
    assertThat(prediction.tokenId()).isEqualTo(1);
    assertThat(prediction.probability()).isCloseTo(Math.exp(3) / total, within(1e-14));
    assertThat(prediction.top()).extracting(ClassScore::tokenId).containsExactly(1, 3, 2, 0);
    assertThat(prediction.top()).extracting(ClassScore::logit).containsExactly(3f, 3f, 2f, 1f);
    assertThat(prediction.top().get(3).probability()).isCloseTo(Math.exp(1) / total, within(1e-14));
    assertThat(prediction.top().getFirst()).isEqualTo(prediction.chosen());
  }

  @Test
  void aPredictionShowsTheScoresBeforeAndAfterTheFilters() {
    Decoding decoding =
        Decoding.sampling().temperature(0.5).topK(2).topClasses(9).seed(3).maxNewTokens(1);
    Prediction prediction =
        run(FakeClassifier.constant(1, 3, 2), decoding, PROMPT).predictions().getFirst();
    ClassScore best = prediction.top().get(0);
    assertThat(best.filteredLogit()).isEqualTo(6);
    assertThat(best.filteredProbability()).isCloseTo(1 / (1 + Math.exp(-2)), within(1e-14));
    assertThat(best.probability()).isCloseTo(1 / (1 + Math.exp(-1) + Math.exp(-2)), within(1e-14));
    ClassScore removed = prediction.top().get(2);
    assertThat(removed)
        .isEqualTo(new ClassScore(0, 1, removed.probability(), Float.NEGATIVE_INFINITY, 0));
    assertThat(removed.eligible()).isFalse();
    assertThat(best.eligible()).isTrue();
  }

  @Test
  void aGreedyPredictionAlsoShowsWhatFiltersDid() {
    Decoding decoding = GREEDY.bannedTokenIds(1).topClasses(2).maxNewTokens(1);
    Prediction prediction =
        run(FakeClassifier.constant(1, 3, 2), decoding, PROMPT).predictions().getFirst();
    assertThat(prediction.tokenId()).isEqualTo(2);
    assertThat(prediction.chosen().filteredProbability())
        .isCloseTo(1 / (1 + Math.exp(-1)), within(1e-14));
    assertThat(prediction.top().getFirst().eligible()).isFalse();
  }

  @Test
  void scoresBehindTheLastClassArePadding() {
    FakeClassifier classifier =
        new FakeClassifier(3, 100, prefix -> new float[] {1, 2, 1, 50, Float.NaN});
    Generation generation = run(classifier, GREEDY.topClasses(10).maxNewTokens(1), PROMPT);
    assertThat(generation.tokenIds()).containsExactly(1);
    assertThat(generation.predictions().getFirst().top()).hasSize(3);
  }

  @Test
  void theClassifiersArrayIsNotChanged() {
    float[] logits = {1, 2, 3};
    FakeClassifier classifier = new FakeClassifier(3, 100, prefix -> logits);
    run(
        classifier,
        Decoding.sampling().temperature(0.5).topK(1).repetitionPenalty(2).maxNewTokens(3),
        PROMPT);
    assertThat(logits).containsExactly(1, 2, 3);
  }

  @Test
  void aLongPromptIsReadInPieces() {
    FakeClassifier classifier = FakeClassifier.counting(10);
    run(classifier, GREEDY.maxNewTokens(2), new int[600]);
    assertThat(classifier.pieceLengths()).containsExactly(256, 256, 88, 1);
    assertThat(classifier.questions()).isEqualTo(2);
  }

  @Test
  void whatTheClassifierHasReadIsNotReadAgain() {
    FakeClassifier classifier = FakeClassifier.counting(10);
    classifier.read(1, 2, 3);
    Generation generation = run(classifier, GREEDY.maxNewTokens(1), 1, 2, 3, 4, 5);
    assertThat(classifier.pieceLengths()).containsExactly(3, 2);
    assertThat(generation.tokenIds()).containsExactly(6);
    assertThat(generation.timings().promptTokens()).isEqualTo(2);
  }

  // ---- draws

  @Test
  void theSeedFixesTheTokens() {
    Decoding decoding = Decoding.sampling().topK(50).maxNewTokens(30);
    Generation free = run(FakeClassifier.random(500), decoding, PROMPT);
    Generation again = run(FakeClassifier.random(500), decoding.seed(free.seed()), PROMPT);
    Generation other = run(FakeClassifier.random(500), decoding.seed(free.seed() + 1), PROMPT);
    assertThat(again.tokenIds()).isEqualTo(free.tokenIds());
    assertThat(other.tokenIds()).isNotEqualTo(free.tokenIds());
    assertThat(run(FakeClassifier.random(500), decoding, PROMPT).seed()).isNotEqualTo(free.seed());
  }

  /**
   * NumPy computes the same. A change of these numbers would change what every stored seed
   * generates.
   */
  @Test
  void theTokensOfASeedAreFixed() {
    Decoding decoding =
        Decoding.sampling().temperature(0.8).topK(20).topP(0.95).minP(0.01).seed(7).maxNewTokens(8);
    assertThat(run(FakeClassifier.random(151_936), decoding, 1, 2, 3).tokenIds())
        .containsExactly(80679, 792, 131276, 84418, 67881, 48517, 48757, 43537);
  }

  @Test
  void penaltiesLookAtTheRightTokens() {
    // Both logits are 4; token 0 is in the prompt only, token 1 gets generated first.
    Decoding frequency = GREEDY.frequencyPenalty(1).logitBias(Map.of(1, 0.5f)).maxNewTokens(3);
    assertThat(run(FakeClassifier.constant(4, 4), frequency, 0, 0, 0).tokenIds())
        .as("the prompt does not count")
        .containsExactly(1, 0, 1);
    Decoding repetition = GREEDY.repetitionPenalty(2).maxNewTokens(2);
    assertThat(run(FakeClassifier.constant(4, 3, 3), repetition, PROMPT).tokenIds())
        .as("the prompt counts")
        .containsExactly(1, 2);
    Decoding presence = GREEDY.presencePenalty(1).maxNewTokens(4);
    assertThat(run(FakeClassifier.constant(4, 3.5f), presence, PROMPT).tokenIds())
        .as("it counts once")
        .containsExactly(0, 1, 0, 0);
  }

  // ---- the end

  @Test
  void endsAtAnEndOfSequenceToken() {
    Generation generation =
        run(FakeClassifier.counting(10), GREEDY.eosTokenIds(3, 8).stopTokenIds(9), PROMPT);
    assertThat(generation.tokenIds()).containsExactly(1, 2, 3);
    assertThat(generation.finishReason()).isEqualTo(FinishReason.EOS);
  }

  @Test
  void endsAtAStopTokenAndCanIgnoreTheEndOfSequence() {
    Decoding decoding = GREEDY.eosTokenIds(3).ignoreEos(true).stopTokenIds(5);
    Generation generation = run(FakeClassifier.counting(10), decoding, PROMPT);
    assertThat(generation.tokenIds()).containsExactly(1, 2, 3, 4, 5);
    assertThat(generation.finishReason()).isEqualTo(FinishReason.STOP_ID);
  }

  @Test
  void endTokensHaveNoText() {
    FakeClassifier classifier = FakeClassifier.counting(4);
    Decoder decoder =
        decoder(classifier, GREEDY.eosTokenIds(3), new FakeText("a", "b", "c", "<eos>"));
    assertThat(decoder.run(GenerationListener.none()).text()).isEqualTo("bc");
  }

  @Test
  void anEndOfSequenceTokenThatIsNoClassIsNoObstacle() {
    Decoding decoding = GREEDY.eosTokenIds(151_645).minNewTokens(2).maxNewTokens(3);
    assertThat(run(FakeClassifier.counting(10), decoding, PROMPT).tokenIds()).hasSize(3);
  }

  @Test
  void doesNotEndBeforeTheMinimum() {
    float[] eosFirst = {2, 1, 9};
    Decoding decoding = GREEDY.eosTokenIds(2).stopTokenIds(0).minNewTokens(2);
    Generation generation = run(FakeClassifier.constant(eosFirst), decoding, PROMPT);
    assertThat(generation.tokenIds()).containsExactly(1, 1, 2);
    assertThat(generation.finishReason()).isEqualTo(FinishReason.EOS);
  }

  @Test
  void stopStringsCountOnlyAfterTheMinimum() {
    FakeClassifier classifier = FakeClassifier.counting(4);
    Decoding decoding = GREEDY.stopStrings("b").minNewTokens(2);
    Generation generation =
        decoder(classifier, decoding, new FakeText("a", "b", "c", "d"))
            .run(GenerationListener.none());
    assertThat(generation.text()).isEqualTo("bcda");
    assertThat(generation.finishReason()).isEqualTo(FinishReason.STOP_STRING);
  }

  @Test
  void aStopStringAcrossTokensIsNeverShown() {
    FakeClassifier classifier = FakeClassifier.saying(5, 1, 1, 2, 3, 4, 0);
    FakeText text = new FakeText("x", "Hello\n", "Us", "er", ": no");
    List<String> heard = new ArrayList<>();
    Generation generation =
        decoder(classifier, GREEDY.stopStrings("\nUser:"), text).run(heard::add);
    assertThat(generation.text()).isEqualTo("Hello");
    assertThat(heard).containsExactly("Hello");
    assertThat(generation.finishReason()).isEqualTo(FinishReason.STOP_STRING);
    assertThat(generation.tokenIds()).containsExactly(1, 2, 3, 4);
  }

  @Test
  void heldBackTextComesOutWhenTheStopStringDoesNot() {
    FakeClassifier classifier = FakeClassifier.saying(5, 1, 1, 2, 3);
    FakeText text = new FakeText("x", "Hello\n", "Us", "ually", "");
    List<String> heard = new ArrayList<>();
    decoder(classifier, GREEDY.stopStrings("\nUser:").maxNewTokens(3), text).run(heard::add);
    assertThat(heard).containsExactly("Hello", "\nUsually");
  }

  @Test
  void heldBackTextComesOutAtTheEnd() {
    FakeClassifier classifier = FakeClassifier.saying(5, 1, 1, 2);
    FakeText text = new FakeText("x", "Hello\n", "?");
    Decoder decoder = decoder(classifier, GREEDY.stopStrings("\nUser:").maxNewTokens(2), text);
    GenerationStep first = decoder.next();
    GenerationStep second = decoder.next();
    assertThat(first.text()).isEqualTo("Hello");
    assertThat(first.finishReason()).isNull();
    assertThat(second.text()).isEqualTo("\n\uFFFD");
    assertThat(second.finishReason()).isEqualTo(FinishReason.LENGTH);
    assertThat(decoder.result().text()).isEqualTo("Hello\n\uFFFD");
  }

  @Test
  void endsWhenTheContextIsFull() {
    FakeClassifier classifier = new FakeClassifier(3, 4, prefix -> new float[3]);
    Generation generation = run(classifier, GREEDY, 1, 1);
    assertThat(generation.finishReason()).isEqualTo(FinishReason.CONTEXT_FULL);
    assertThat(generation.tokenIds()).as("the last answer needs no room").hasSize(3);
    assertThat(classifier.prefix()).hasSize(4);
  }

  @Test
  void endsAtTheDeadlineBetweenStepsAndBetweenPiecesOfThePrompt() {
    AtomicLong nanos = new AtomicLong();
    FakeClassifier slow =
        new FakeClassifier(
            3,
            1000,
            prefix -> {
              nanos.addAndGet(Duration.ofMillis(40).toNanos());
              return new float[3];
            });
    Decoding decoding = GREEDY.deadline(Duration.ofMillis(100));
    Generation generation = run(slow, decoding, nanos, 1, 2);
    assertThat(generation.finishReason()).isEqualTo(FinishReason.DEADLINE);
    assertThat(generation.tokenIds()).hasSize(3);
    assertThat(generation.timings().firstToken()).isEqualTo(Duration.ofMillis(40));
    assertThat(generation.timings().total()).isEqualTo(Duration.ofMillis(120));
    assertThat(generation.timings().newTokensPerSecond()).isCloseTo(25, within(1e-9));
    assertThat(generation.timings().promptTokensPerSecond()).isCloseTo(50, within(1e-9));

    Decoder decoder =
        new Decoder(
            FakeClassifier.counting(5),
            new int[900],
            decoding,
            Detokenizer.none(),
            new Cancellation(),
            () -> nanos.addAndGet(Duration.ofMillis(30).toNanos()));
    Generation none = decoder.run(GenerationListener.none());
    assertThat(none.finishReason()).isEqualTo(FinishReason.DEADLINE);
    assertThat(none.predictions()).isEmpty();
  }

  @Test
  void cancellationKeepsWhatWasGenerated() {
    Cancellation cancellation = new Cancellation();
    Decoder decoder =
        new Decoder(
            FakeClassifier.counting(4),
            PROMPT,
            GREEDY,
            new FakeText("a", "b", "c", "d"),
            cancellation);
    Generation generation =
        decoder.run(text -> {
          if (text.equals("d")) {
            cancellation.cancel();
          }
        });
    assertThat(generation.finishReason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(generation.text()).isEqualTo("bcd");
    assertThat(cancellation.isCancelled()).isTrue();
  }

  @Test
  void anInterruptCancelsAndStaysSet() {
    Thread.currentThread().interrupt();
    Generation generation = run(FakeClassifier.counting(4), GREEDY, PROMPT);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(generation.finishReason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(generation.tokenIds()).isEmpty();
  }

  @Test
  void anInterruptInsideTheClassifierCancels() {
    FakeClassifier classifier =
        new FakeClassifier(
            3,
            100,
            prefix -> {
              if (prefix.size() == 3) {
                throw new CancellationException("interrupted");
              }
              return new float[3];
            });
    Generation generation = run(classifier, GREEDY, PROMPT);
    assertThat(generation.finishReason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(generation.tokenIds()).hasSize(2);
  }

  // ---- streams and listeners

  @Test
  void aStreamMakesAStepWhenItIsPulled() {
    FakeClassifier classifier = FakeClassifier.counting(5);
    Decoder decoder = new Decoder(classifier, PROMPT, GREEDY);
    assertThat(decoder.stream().limit(3).count()).isEqualTo(3);
    assertThat(decoder.result().tokenIds()).containsExactly(1, 2, 3);
    assertThat(classifier.questions()).isEqualTo(3);
    assertThat(decoder.isFinished()).isFalse();
  }

  @Test
  void aStreamEndsWithAReason() {
    Decoder decoder = new Decoder(FakeClassifier.counting(5), PROMPT, GREEDY.eosTokenIds(2));
    List<GenerationStep> steps = decoder.stream().toList();
    assertThat(steps)
        .extracting(GenerationStep::finishReason)
        .containsExactly(null, FinishReason.EOS);
    assertThatIllegalStateException().isThrownBy(decoder::next).withMessageContaining("EOS");
  }

  @Test
  void closingAStreamCancels() {
    Decoder decoder = new Decoder(FakeClassifier.counting(5), PROMPT, GREEDY);
    try (Stream<GenerationStep> stream = decoder.stream()) {
      assertThat(stream.limit(2).count()).isEqualTo(2);
    }
    GenerationStep last = decoder.next();
    assertThat(last.prediction()).isNull();
    assertThat(last.finishReason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(decoder.result().tokenIds()).containsExactly(1, 2);
  }

  @Test
  void aListenerHearsEachStepOnce() {
    List<Object> heard = new ArrayList<>();
    GenerationListener listener =
        new GenerationListener() {
          @Override
          public void onText(String text) {
            heard.add(text);
          }

          @Override
          public void onPrediction(Prediction prediction) {
            heard.add(prediction.tokenId());
          }
        };
    decoder(FakeClassifier.counting(3), GREEDY.maxNewTokens(3), new FakeText("a", "", "c"))
        .run(listener);
    assertThat(heard).containsExactly(1, 2, "c", 0, "a");
  }

  @Test
  void afterAThrowingListenerTheDecoderCanGoOn() {
    Decoder decoder =
        decoder(
            FakeClassifier.counting(4), GREEDY.maxNewTokens(4), new FakeText("a", "b", "c", "d"));
    assertThatThrownBy(() ->
            decoder.run(text -> {
              if (text.equals("c")) {
                throw new UnsupportedOperationException("full");
              }
            }))
        .isInstanceOf(UnsupportedOperationException.class);
    assertThat(decoder.result().text()).isEqualTo("bc");
    assertThat(decoder.result().finishReason()).isEqualTo(FinishReason.CANCELLED);
    Generation generation = decoder.run(GenerationListener.none());
    assertThat(generation.text()).isEqualTo("bcda");
    assertThat(generation.finishReason()).isEqualTo(FinishReason.LENGTH);
  }

  // ---- what is wrong

  @Test
  void scoresThatAreNoNumbersAreReportedWithStepAndCount() {
    FakeClassifier classifier =
        new FakeClassifier(
            4,
            100,
            prefix ->
                new float[] {1, prefix.size() == 3 ? Float.NaN : 2, 0, Float.POSITIVE_INFINITY});
    Decoder decoder = new Decoder(classifier, PROMPT, GREEDY);
    assertThatThrownBy(() -> decoder.run(GenerationListener.none()))
        .isInstanceOfSatisfying(
            NumericException.class,
            e -> {
              assertThat(e.step()).isEqualTo(2);
              assertThat(e.nanCount()).isEqualTo(1);
              assertThat(e).hasMessage("step 2: 1 of 4 logits are NaN");
            });
    assertThat(decoder.result().tokenIds()).containsExactly(3, 3);
  }

  @Test
  void infiniteScoresWin() {
    float inf = Float.POSITIVE_INFINITY;
    Generation greedy = run(FakeClassifier.constant(1, inf, inf), GREEDY.maxNewTokens(1), PROMPT);
    assertThat(greedy.tokenIds()).containsExactly(1);
    assertThat(greedy.predictions().getFirst().probability()).isEqualTo(0.5);
    Decoding sampling = Decoding.sampling().temperature(0.3).topP(0.9).minP(0.1).maxNewTokens(50);
    assertThat(run(FakeClassifier.constant(1, inf, 2), sampling, PROMPT).tokenIds())
        .containsOnly(1);
  }

  @Test
  void noClassLeftIsReported() {
    float none = Float.NEGATIVE_INFINITY;
    assertThatThrownBy(() -> run(FakeClassifier.constant(none, none), GREEDY, PROMPT))
        .isInstanceOf(DecodingException.class)
        .hasMessage("step 0: all 2 logits are -Infinity");
    for (Decoding decoding : List.of(GREEDY, Decoding.sampling().topK(2).topP(0.5).minP(0.1))) {
      Decoding contradiction = decoding.allowedTokenIds(1).eosTokenIds(1).minNewTokens(1);
      assertThatThrownBy(() -> run(FakeClassifier.constant(1, 2), contradiction, PROMPT))
          .isInstanceOf(DecodingException.class)
          .hasMessageContaining(
              "no class is left to choose after the filters at least 1 tokens, allowed classes");
    }
  }

  @Test
  void badRequestsAreRejectedBeforeAnythingIsRead() {
    rejects(GREEDY, "the prompt must have at least one token, got none");
    rejects(GREEDY, "prompt: token ids must be 0 to 9, got -1", 1, -1);
    rejects(GREEDY, "prompt: token ids must be 0 to 9, got 10", 10);
    rejects(GREEDY.bannedTokenIds(10), "bannedTokenIds: token ids must be 0 to 9, got 10", 1);
    rejects(GREEDY.allowedTokenIds(3, 12), "allowedTokenIds: token ids must be 0 to 9, got 12", 1);
    rejects(GREEDY.stopTokenIds(77), "stopTokenIds: token ids must be 0 to 9, got 77", 1);
    rejects(GREEDY.logitBias(Map.of(10, 1f)), "logitBias: token ids must be 0 to 9, got 10", 1);
    rejects(
        GREEDY.allowedTokenIds(3, 4).bannedTokenIds(4, 3),
        "allowedTokenIds and bannedTokenIds leave no class: all 2 allowed ones are banned",
        1);
    rejects(GREEDY, "the prompt has 21 tokens, the context holds 20", new int[21]);
    rejects(
        GREEDY.maxNewTokens(11),
        "the prompt has 10 tokens and maxNewTokens is 11, together 21; the context holds 20",
        new int[10]);
    rejects(
        GREEDY.maxNewTokens(Integer.MAX_VALUE - 1), "together 2147483647; the context holds 20", 1);
    rejects(GREEDY.stopStrings("x"), "stopStrings need text, but there is no tokenizer", 1);
  }

  @Test
  void aClassifierThatWasUsedBySomebodyElseIsNoticed() {
    FakeClassifier classifier = FakeClassifier.counting(5);
    classifier.read(1, 2);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Decoder(classifier, new int[] {1, 2}, GREEDY))
        .withMessageContaining("has read 2 tokens");
    Decoder decoder = new Decoder(classifier, new int[] {1, 2, 3}, GREEDY);
    classifier.read(3, 4, 4);
    assertThatIllegalStateException()
        .isThrownBy(decoder::next)
        .withMessageContaining("somebody else");
  }

  @Test
  void tooFewScoresAreNoticed() {
    FakeClassifier classifier = new FakeClassifier(5, 10, prefix -> new float[4]);
    assertThatIllegalStateException()
        .isThrownBy(() -> run(classifier, GREEDY, PROMPT))
        .withMessage("the classifier returned 4 scores for 5 classes");
  }

  private static void rejects(Decoding decoding, String message, int... prompt) {
    FakeClassifier classifier = new FakeClassifier(10, 20, prefix -> new float[10]);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Decoder(classifier, prompt, decoding))
        .withMessageContaining(message);
    assertThat(classifier.prefix()).isEmpty();
  }

  private static Generation run(TokenClassifier classifier, Decoding decoding, int... prompt) {
    return new Decoder(classifier, prompt, decoding).run(GenerationListener.none());
  }

  private static Generation run(
      TokenClassifier classifier, Decoding decoding, AtomicLong nanos, int... prompt) {
    return new Decoder(
            classifier, prompt, decoding, Detokenizer.none(), new Cancellation(), nanos::get)
        .run(GenerationListener.none());
  }

  private static Decoder decoder(TokenClassifier classifier, Decoding decoding, Detokenizer text) {
    return new Decoder(classifier, PROMPT, decoding, text, new Cancellation());
  }
}
