package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class BeamSearchTest {
  private static final Decoding BEAMS =
      Decoding.greedy().beams(BeamSearch.of(3)).numReturnSequences(3).maxNewTokens(6);

  @Test
  void findsTheSequencesAndScoresOfTransformers() throws IOException {
    assertThat(GoldenLines.checkAll("beams.jsonl", BeamSearchTest::check))
        .isGreaterThanOrEqualTo(50);
  }

  /** The draws are ours, and the same in scripts/make_search_goldens.py; all else is theirs. */
  @Test
  void drawsTheSequencesOfTransformers() throws IOException {
    assertThat(GoldenLines.checkAll("sampled_beams.jsonl", BeamSearchTest::check))
        .isGreaterThanOrEqualTo(50);
  }

  private static void check(LanguageModel model, JsonNode golden) {
    Decoding decoding = GoldenSettings.decoding(golden.get("settings"));
    if (golden.has("seed")) {
      decoding =
          decoding
              .seed(golden.get("seed").asLong())
              .temperature(golden.get("settings").get("temperature").asDouble());
    }
    List<Generation> found =
        model.generateAll(GoldenSettings.ints(golden.get("prompt")), decoding, new Cancellation());
    JsonNode sequences = golden.get("sequences");
    assertThat(found).as("%s", golden).hasSizeLessThanOrEqualTo(sequences.size());
    // Where filters leave too few classes, the reference fills up with what it had excluded.
    long wanted = golden.get("scores").valueStream().filter(s -> s.asDouble() > -1e6).count();
    assertThat(found).as("%s", golden).hasSizeGreaterThanOrEqualTo((int) wanted);
    for (int i = 0; i < wanted; i++) {
      assertThat(found.get(i).tokenIds())
          .as("sequence %d of %s", i, golden)
          .isEqualTo(GoldenSettings.ints(sequences.get(i)));
      double sum =
          found.get(i).predictions().stream().mapToDouble(p -> p.chosen().filteredLogit()).sum();
      double lengthPenalty = decoding.settings().beams().orElseThrow().lengthPenalty();
      double score = golden.get("scores").get(i).asDouble();
      assertThat(sum / Math.pow(found.get(i).predictions().size(), lengthPenalty))
          .as("score %d of %s", i, golden)
          .isCloseTo(score, within(1e-5 * Math.max(1, Math.abs(score))));
    }
  }

  /** With as many beams as there are sequences, the search is exhaustive. */
  @Test
  void enoughBeamsFindTheMostProbableSequenceOfAll() {
    Decoding decoding = Decoding.greedy().beams(BeamSearch.of(64)).maxNewTokens(3);
    Generation best = search(FakeClassifier.random(5), decoding, 1).getFirst();
    double highest = Double.NEGATIVE_INFINITY;
    int[] expected = {};
    for (int code = 0; code < 125; code++) {
      int[] tokens = {code / 25, code / 5 % 5, code % 5};
      double sum = 0;
      FakeClassifier classifier = FakeClassifier.random(5);
      float[] scores = classifier.classify(1);
      for (int token : tokens) {
        Softmax softmax = new Softmax();
        softmax.measure(scores, 5);
        sum += Math.log(softmax.probability(scores[token]));
        scores = classifier.classify(token);
      }
      if (sum > highest) {
        highest = sum;
        expected = tokens;
      }
    }
    assertThat(best.tokenIds()).isEqualTo(expected);
    assertThat(best.finishReason()).isEqualTo(FinishReason.LENGTH);
  }

  /** Two sequences drawn from five: each ordered pair as often as its probability says. */
  @Test
  void drawsWithoutReplacementByProbability() {
    float[] scores = {1.5f, 0.2f, -1, 0.9f, 0};
    double total = 0;
    for (float score : scores) {
      total += Math.exp(score);
    }
    Decoding decoding =
        Decoding.sampling().beams(BeamSearch.of(2)).numReturnSequences(2).maxNewTokens(1);
    int runs = 20_000;
    int[][] counts = new int[5][5];
    for (int seed = 0; seed < runs; seed++) {
      List<Generation> found = search(FakeClassifier.constant(scores), decoding.seed(seed), 1);
      // Best first; the set is what was drawn.
      counts[found.get(0).tokenIds()[0]][found.get(1).tokenIds()[0]]++;
    }
    for (int i = 0; i < 5; i++) {
      for (int j = i + 1; j < 5; j++) {
        double pi = Math.exp(scores[i]) / total;
        double pj = Math.exp(scores[j]) / total;
        double expected = pi * pj / (1 - pi) + pj * pi / (1 - pj);
        double observed = (counts[i][j] + counts[j][i]) / (double) runs;
        assertThat(observed).as("%d and %d", i, j).isCloseTo(expected, within(0.015));
        assertThat(scores[i] > scores[j] ? counts[j][i] : counts[i][j])
            .as("the better one first")
            .isZero();
      }
    }
  }

  @Test
  void drawsAtLowTemperatureAreTheBest() {
    Decoding greedy =
        Decoding.greedy().beams(BeamSearch.of(4)).numReturnSequences(4).maxNewTokens(6);
    for (int prompt = 0; prompt < 10; prompt++) {
      List<int[]> expected =
          search(FakeClassifier.random(30), greedy, prompt).stream()
              .map(Generation::tokenIds)
              .toList();
      List<int[]> drawn =
          search(FakeClassifier.random(30), greedy.temperature(1e-4).seed(prompt), prompt).stream()
              .map(Generation::tokenIds)
              .toList();
      assertThat(drawn.toArray(int[][]::new)).isDeepEqualTo(expected.toArray(int[][]::new));
    }
  }

  @Test
  void theSameSeedDrawsTheSameSequencesAgain() {
    Decoding decoding =
        Decoding.sampling().temperature(1.5).beams(BeamSearch.of(3)).maxNewTokens(8);
    Generation first = search(FakeClassifier.random(40), decoding, 1).getFirst();
    Decoding again = decoding.seed(first.seed());
    assertThat(search(FakeClassifier.random(40), again, 1).getFirst().tokenIds())
        .isEqualTo(first.tokenIds());
    assertThat(
            IntStream.range(0, 10)
                .mapToObj(seed -> search(FakeClassifier.random(40), decoding.seed(seed), 1))
                .map(found -> Arrays.toString(found.getFirst().tokenIds()))
                .distinct())
        .as("other seeds, other sequences")
        .hasSizeGreaterThan(1);
  }

  @Test
  void tellsOfEachStep() {
    List<BeamStep> steps = new ArrayList<>();
    GenerationListener listener =
        new GenerationListener() {
          @Override
          public void onText(String text) {}

          @Override
          public void onBeams(BeamStep step) {
            steps.add(step);
          }
        };
    Decoding decoding = BEAMS.eosTokenIds(3, 4);
    List<Generation> found =
        BeamSearcher.run(
            FakeClassifier.random(20),
            new int[] {1, 2},
            decoding,
            Detokenizer::none,
            clock(decoding, new Cancellation()),
            listener);
    for (Generation generation : found) {
      assertThat(isPath(steps, generation.tokenIds())).isTrue();
      assertThat(generation.predictions())
          .allMatch(prediction -> prediction.choice() instanceof Choice.Beam);
    }
  }

  /** Whether the tokens are those of a path from the first step to one that finished. */
  private static boolean isPath(List<BeamStep> steps, int[] tokenIds) {
    int last = tokenIds.length - 1;
    for (BeamStep.Path end : steps.get(last).finished()) {
      BeamStep.Path path = end;
      int step = last;
      while (path.tokenId() == tokenIds[step]) {
        if (step == 0) {
          return true;
        }
        step--;
        path = steps.get(step).running().get(path.parent());
      }
    }
    return false;
  }

  @Test
  void everyBranchIsClosedAndTheTrunkIsKept() {
    FakeClassifier trunk = FakeClassifier.random(20);
    assertThat(search(trunk, BEAMS.eosTokenIds(3, 4), 1, 2)).hasSize(3);
    assertThat(trunk.open()).isEqualTo(1);
    assertThat(trunk.prefix()).containsExactly(1);
  }

  @Test
  void endTokensHaveNoText() {
    Decoding decoding = Decoding.greedy().beams(BeamSearch.of(2)).eosTokenIds(2);
    FakeClassifier classifier = FakeClassifier.saying(5, 1, 1, 3, 2);
    List<Generation> found =
        BeamSearcher.run(
            classifier,
            new int[] {0},
            decoding,
            () -> new FakeText("a", "b", "<eos>", "d", "e"),
            clock(decoding, new Cancellation()),
            GenerationListener.none());
    assertThat(found.getFirst().text()).isEqualTo("bd");
    assertThat(found.getFirst().tokenIds()).containsExactly(1, 3, 2);
    assertThat(found.getFirst().finishReason()).isEqualTo(FinishReason.EOS);
  }

  @Test
  void endsWhenTheContextIsFull() {
    FakeClassifier classifier =
        new FakeClassifier(5, 4, prefix -> GoldenScores.make("bell", prefix.hashCode(), 5));
    Decoding decoding = Decoding.greedy().beams(BeamSearch.of(2));
    Generation best = search(classifier, decoding, 1, 2).getFirst();
    assertThat(best.finishReason()).isEqualTo(FinishReason.CONTEXT_FULL);
    assertThat(best.tokenIds()).as("the last one is not read").hasSize(3);
  }

  @Test
  void whatWasFoundBeforeACancellationIsReturned() {
    Cancellation cancellation = new Cancellation();
    FakeClassifier trunk =
        new FakeClassifier(
            9,
            100,
            prefix -> {
              if (prefix.size() == 5) {
                cancellation.cancel();
              }
              return GoldenScores.make("bell", prefix.hashCode(), 9);
            });
    List<Generation> found =
        BeamSearcher.run(
            trunk,
            new int[] {1},
            BEAMS.maxNewTokens(50),
            Detokenizer::none,
            clock(BEAMS, cancellation),
            GenerationListener.none());
    assertThat(found).hasSize(3);
    assertThat(found).allMatch(g -> g.finishReason() == FinishReason.CANCELLED);
    assertThat(found).allMatch(g -> g.tokenIds().length == 5);
    assertThat(trunk.open()).isEqualTo(1);
  }

  @Test
  void anInterruptInsideTheClassifierCancels() {
    FakeClassifier trunk =
        new FakeClassifier(
            9,
            100,
            prefix -> {
              if (prefix.size() == 3) {
                throw new CancellationException("interrupted");
              }
              return GoldenScores.make("bell", prefix.hashCode(), 9);
            });
    assertThat(search(trunk, BEAMS, 1)).allMatch(g -> g.tokenIds().length == 2);
    assertThat(trunk.open()).isEqualTo(1);
  }

  @Test
  void theDeadlineEndsASearch() {
    AtomicLong nanos = new AtomicLong();
    Decoding decoding = BEAMS.maxNewTokens(50).deadline(Duration.ofMillis(100));
    List<Generation> found =
        BeamSearcher.run(
            FakeClassifier.random(9),
            new int[] {1},
            decoding,
            Detokenizer::none,
            new GenerationClock(
                Duration.ofMillis(100),
                new Cancellation(),
                () -> nanos.addAndGet(Duration.ofMillis(10).toNanos())),
            GenerationListener.none());
    assertThat(found).isNotEmpty().allMatch(g -> g.finishReason() == FinishReason.DEADLINE);
  }

  @Test
  void scoresThatAreNoNumbersAreReported() {
    FakeClassifier trunk =
        new FakeClassifier(
            9,
            100,
            prefix -> {
              float[] scores = GoldenScores.make("bell", prefix.hashCode(), 9);
              scores[4] = prefix.size() == 3 ? Float.NaN : scores[4];
              return scores;
            });
    assertThatThrownBy(() -> search(trunk, BEAMS, 1))
        .isInstanceOf(NumericException.class)
        .hasMessage("step 2: 1 of 9 logits are NaN");
    assertThat(trunk.open()).isEqualTo(1);
  }

  @Test
  void noClassLeftIsReported() {
    float none = Float.NEGATIVE_INFINITY;
    assertThatThrownBy(() -> search(FakeClassifier.constant(none, none, none, none), BEAMS, 0))
        .isInstanceOf(DecodingException.class)
        .hasMessageContaining("step 0: no class is left to choose in any beam");
  }

  @Test
  void contradictionsAreRefused() {
    refuses(
        BEAMS.numReturnSequences(4), "numReturnSequences must be at most numBeams, got 4 and 3");
    refuses(BEAMS.with(new Mirostat(5, 0.1)), "beams and mirostat exclude each other");
    refuses(BEAMS.promptLookup(PromptLookup.of(5)), "beams and promptLookup exclude each other");
    refuses(
        BEAMS.eosTokenIds(0, 1, 2, 3, 4, 5, 6, 7, 8),
        "numBeams 3 needs 30 continuations, but there are only 9 classes");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Decoder(FakeClassifier.random(9), new int[] {1}, BEAMS))
        .withMessageContaining("cannot stream");
    assertThatIllegalArgumentException().isThrownBy(() -> BeamSearch.of(1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BeamSearch.of(2).withLengthPenalty(Double.NaN))
        .withMessage("lengthPenalty must be finite, got NaN");
  }

  private static void refuses(Decoding decoding, String message) {
    FakeClassifier classifier = FakeClassifier.random(9);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> search(classifier, decoding, 1))
        .withMessageContaining(message);
    assertThat(classifier.prefix()).isEmpty();
  }

  private static List<Generation> search(
      FakeClassifier classifier, Decoding decoding, int... prompt) {
    return BeamSearcher.run(
        classifier,
        prompt,
        decoding,
        Detokenizer::none,
        clock(decoding, new Cancellation()),
        GenerationListener.none());
  }

  private static GenerationClock clock(Decoding decoding, Cancellation cancellation) {
    return new GenerationClock(decoding.settings().deadline, cancellation, System::nanoTime);
  }
}
