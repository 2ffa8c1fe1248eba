package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Choosing ahead changes how often the model is asked, and nothing else. */
class GreedyAheadTest {
  private static final Decoding GREEDY = Decoding.greedy().maxNewTokens(40);

  /** A model that is far away. */
  private static final class Far implements GreedyAhead.Model {
    private final FakeClassifier model;
    private final List<Integer> asked = new ArrayList<>();
    private int failAt = Integer.MAX_VALUE;

    Far(FakeClassifier model) {
      this.model = model;
    }

    Far(int classes, int capacity, Function<List<Integer>, float[]> scores) {
      this(new FakeClassifier(classes, capacity, scores));
    }

    @Override
    public boolean runsAhead() {
      return true;
    }

    @Override
    public List<ClassScore> best(int[] tokenIds, int steps) {
      asked.add(steps);
      List<ClassScore> best = new ArrayList<>();
      int[] next = tokenIds;
      for (int i = 0; i < steps; i++) {
        if (position() >= failAt) {
          failAt = Integer.MAX_VALUE;
          throw new CancellationException("interrupted");
        }
        float[] scores = model.classify(next);
        int id = 0;
        for (int c = 0; c < classes(); c++) {
          if (Float.isNaN(scores[c])) {
            throw new ArithmeticException("not a number");
          }
          id = scores[c] > scores[id] ? c : id;
        }
        best.add(new ClassScore(id, scores[id], 0.5, scores[id], 0.5));
        next = new int[] {id};
      }
      return best;
    }

    @Override
    public int classes() {
      return model.classes();
    }

    @Override
    public int position() {
      return model.position();
    }

    @Override
    public int capacity() {
      return model.capacity();
    }

    @Override
    public float[] classify(int... tokenIds) {
      asked.add(0);
      return model.classify(tokenIds);
    }

    @Override
    public void truncate(int length) {
      model.truncate(length);
    }

    @Override
    public void read(int... tokenIds) {
      model.read(tokenIds);
    }

    @Override
    public BranchingClassifier fork() {
      return model.fork();
    }

    @Override
    public void close() {
      model.close();
    }
  }

  private static Generation generate(TokenClassifier classifier, Decoding decoding, int... prompt) {
    return new Decoder(classifier, prompt, decoding).run(GenerationListener.none());
  }

  @Test
  void theStepsAskedForAtOnceDouble() {
    Far far = new Far(FakeClassifier.counting(6));
    Generation generation = generate(far, GREEDY, 0, 1);
    assertThat(generation.tokenIds())
        .isEqualTo(generate(FakeClassifier.counting(6), GREEDY, 0, 1).tokenIds());
    assertThat(far.asked).as("0: the scores of the prompt").containsExactly(0, 1, 2, 4, 8, 16, 8);
    assertThat(far.position()).as("the last token chosen is not read").isEqualTo(2 + 39);
  }

  @Test
  void stopRulesLeaveWhatWasChosenInVain() {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      int classes = 2 + random.nextInt(6);
      int[] prompt = random.ints(1 + random.nextInt(5), 0, classes).toArray();
      int capacity = prompt.length + 1 + random.nextInt(60);
      Function<List<Integer>, float[]> scores =
          prefix -> GoldenScores.make("bell", prefix.hashCode(), classes);
      Decoding decoding = Decoding.greedy();
      if (random.nextBoolean()) {
        decoding = decoding.maxNewTokens(1 + random.nextInt(capacity - prompt.length));
      }
      if (random.nextBoolean()) {
        decoding = decoding.eosTokenIds(random.nextInt(classes));
      }
      Generation expected =
          generate(new FakeClassifier(classes, capacity, scores), decoding, prompt);
      Generation actual = generate(new Far(classes, capacity, scores), decoding, prompt);
      assertThat(actual.tokenIds()).as("seed %d", seed).isEqualTo(expected.tokenIds());
      assertThat(actual.finishReason()).isEqualTo(expected.finishReason());
    }
  }

  /** Each of them is asked for, so nothing is chosen ahead. */
  @Test
  void whoLooksAtTheScoresGetsThem() {
    Stream.of(
            GREEDY.topClasses(2),
            GREEDY.repetitionPenalty(1.1),
            GREEDY.bannedTokenIds(2),
            GREEDY.minNewTokens(3).eosTokenIds(1),
            GREEDY.promptLookup(PromptLookup.of(4)),
            Decoding.sampling().seed(1).maxNewTokens(40))
        .forEach(decoding -> {
          Far far = new Far(FakeClassifier.counting(6));
          Generation expected = generate(FakeClassifier.counting(6), decoding, 0, 1);
          assertThat(generate(far, decoding, 0, 1).predictions()).isEqualTo(expected.predictions());
          assertThat(far.asked).containsOnly(0);
        });
  }

  @Test
  void scoresThatAreNoneEndAsWithoutIt() {
    Function<List<Integer>, float[]> broken =
        prefix -> new float[] {1, prefix.size() == 9 ? Float.NaN : 0};
    assertThatThrownBy(() -> generate(new Far(2, 100, broken), GREEDY, 1))
        .isInstanceOf(NumericException.class)
        .hasMessage(
            org.assertj.core.api.Assertions.catchThrowable(
                    () -> generate(new FakeClassifier(2, 100, broken), GREEDY, 1))
                .getMessage());
    Function<List<Integer>, float[]> infinite =
        prefix ->
            new float[] {prefix.size() == 6 ? Float.NEGATIVE_INFINITY : 2, Float.NEGATIVE_INFINITY};
    assertThatThrownBy(() -> generate(new Far(2, 100, infinite), GREEDY, 1))
        .isInstanceOf(DecodingException.class)
        .hasMessageContaining("all 2 logits are -Infinity");
  }

  @Test
  void aStepThatWasInterruptedCanBeMadeAgain() {
    Far far = new Far(FakeClassifier.counting(6));
    far.failAt = 12;
    Decoder decoder = new Decoder(far, new int[] {0, 1}, GREEDY);
    List<Integer> tokens = new ArrayList<>();
    while (!decoder.isFinished()) {
      GenerationStep step = decoder.next();
      if (step.prediction() != null) {
        tokens.add(step.prediction().tokenId());
      }
    }
    assertThat(decoder.result().finishReason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(tokens).as("those of the runs before").containsExactly(2, 3, 4, 5, 0, 1, 2, 3);
  }

  /** Somebody else may go on with the session, as a chat does. */
  @Test
  void theModelMayHaveReadMoreThanWasGenerated() {
    Far far = new Far(FakeClassifier.counting(6));
    Generation generation = generate(far, GREEDY.eosTokenIds(5), 0, 1);
    assertThat(generation.tokenIds()).containsExactly(2, 3, 4, 5);
    far.truncate(5);
    assertThat(generate(far, GREEDY.maxNewTokens(2), 0, 1, 2, 3, 4, 0).tokenIds())
        .containsExactly(1, 2);
  }
}
