package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

/** Guessing ahead changes how often the model is asked, and nothing else. */
class PromptLookupTest {
  private static final PromptLookup LOOKUP = PromptLookup.of(4);
  private static final Decoding GREEDY = Decoding.greedy().promptLookup(LOOKUP);

  @Test
  void aGuessThatIsRightAnswersTheNextQuestions() {
    FakeClassifier plain = FakeClassifier.counting(6);
    FakeClassifier guessing = FakeClassifier.counting(6);
    Decoding decoding = Decoding.greedy().maxNewTokens(20);
    int[] expected = run(plain, decoding, 0, 1, 2, 3, 4, 5, 0);
    int[] tokens = run(guessing, decoding.promptLookup(LOOKUP), 0, 1, 2, 3, 4, 5, 0);
    assertThat(tokens).isEqualTo(expected);
    assertThat(plain.questions()).isEqualTo(20);
    assertThat(guessing.questions()).as("one for the prompt, and four of five").isEqualTo(5);
  }

  @Test
  void aGuessThatIsWrongIsTakenBack() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      int[] prompt = random.ints(1 + random.nextInt(30), 0, 3).toArray();
      Decoding decoding =
          (seed % 2 == 0 ? Decoding.greedy() : Decoding.sampling().temperature(1.5).seed(seed))
              .with(new NoRepeatNgram(7))
              .repetitionPenalty(1.1)
              .maxNewTokens(60);
      PromptLookup lookup = new PromptLookup(1 + random.nextInt(8), 1 + random.nextInt(3));
      assertThat(run(FakeClassifier.random(3), decoding.promptLookup(lookup), prompt))
          .as("seed %d", seed)
          .isEqualTo(run(FakeClassifier.random(3), decoding, prompt));
    }
  }

  @Test
  void doesNotGuessBeyondTheContext() {
    FakeClassifier classifier =
        new FakeClassifier(4, 10, prefix -> new float[] {0, prefix.size(), 0, 0});
    Generation generation = generate(classifier, GREEDY, 1, 1, 1, 1);
    assertThat(generation.finishReason()).isEqualTo(FinishReason.CONTEXT_FULL);
    assertThat(generation.tokenIds()).hasSize(7);
  }

  @Test
  void mirostatIsToldOfEachChoiceOnce() {
    Decoding decoding = Decoding.sampling().with(new Mirostat(1, 0.5)).seed(4).maxNewTokens(80);
    assertThat(run(FakeClassifier.random(4), decoding.promptLookup(LOOKUP), 1, 2, 1, 2))
        .isEqualTo(run(FakeClassifier.random(4), decoding, 1, 2, 1, 2));
  }

  @Test
  void stopStringsStreamsAndCancellationsAreAsWithoutIt() {
    String[] texts = {"a", "b", "c", "d", "e", "f"};
    Cancellation cancellation = new Cancellation();
    List<String> heard = new ArrayList<>();
    Generation generation =
        new Decoder(
                FakeClassifier.counting(6),
                new int[] {0, 1, 2, 3, 4, 5, 0},
                GREEDY.stopStrings("abc").minNewTokens(5),
                new FakeText(texts),
                cancellation)
            .run(heard::add);
    assertThat(generation.finishReason()).isEqualTo(FinishReason.STOP_STRING);
    assertThat(generation.text()).isEqualTo("bcdef");
    assertThat(String.join("", heard)).isEqualTo("bcdef");

    Decoder cancelled =
        new Decoder(
            FakeClassifier.counting(6),
            new int[] {0, 1, 2, 3, 4, 5, 0},
            GREEDY,
            new FakeText(texts),
            cancellation);
    assertThat(
            cancelled
                .run(text -> {
                  if (text.equals("d")) {
                    cancellation.cancel();
                  }
                })
                .text())
        .isEqualTo("bcd");
    Decoder streamed =
        new Decoder(
            FakeClassifier.counting(6),
            new int[] {0, 1, 2, 3, 4, 5, 0},
            GREEDY,
            new FakeText(texts),
            new Cancellation());
    assertThat(streamed.stream().limit(4))
        .extracting(GenerationStep::text)
        .containsExactly("b", "c", "d", "e");
  }

  @Test
  void anInterruptInTheMiddleOfAGuessLeavesThePrefixAsItWas() {
    boolean[] interrupt = {false};
    FakeClassifier model =
        new FakeClassifier(
            4,
            100,
            prefix -> {
              if (interrupt[0] && prefix.size() == 6) {
                throw new CancellationException("interrupted");
              }
              return GoldenScores.make("bell", prefix.hashCode(), 4);
            });
    PromptLookupClassifier classifier = new PromptLookupClassifier(model, new int[0], LOOKUP);
    classifier.classify(1, 2, 1);
    interrupt[0] = true;
    assertThatThrownBy(() -> classifier.classify(2)).isInstanceOf(CancellationException.class);
    assertThat(classifier.position()).isEqualTo(3);
    interrupt[0] = false;
    float[] expected = GoldenScores.make("bell", List.of(1, 2, 1, 3).hashCode(), 4);
    assertThat(classifier.classify(3)).isEqualTo(expected);
    assertThat(classifier.position()).isEqualTo(4);
  }

  @Test
  void scoresThatAreNoNumbersAreReportedOnlyIfTheyAreAskedFor() {
    FakeClassifier model =
        new FakeClassifier(
            4,
            100,
            prefix -> {
              float[] scores = new float[4];
              scores[(prefix.getLast() + 1) % 4] = 3;
              scores[0] = prefix.size() == 9 ? Float.NaN : scores[0];
              return scores;
            });
    assertThatThrownBy(() -> run(model, GREEDY, 0, 1, 2, 3, 0, 1))
        .isInstanceOf(NumericException.class)
        .hasMessage("step 3: 1 of 4 logits are NaN");
  }

  @Test
  void needsAClassifierThatCanTakeBack() {
    TokenClassifier plain =
        new TokenClassifier() {
          @Override
          public int classes() {
            return 3;
          }

          @Override
          public int position() {
            return 0;
          }

          @Override
          public int capacity() {
            return 10;
          }

          @Override
          public float[] classify(int... tokenIds) {
            return new float[3];
          }
        };
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Decoder(plain, new int[] {1}, GREEDY))
        .withMessageContaining("BranchingClassifier");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PromptLookup.of(0))
        .withMessage("promptLookup numTokens must be 1 to 64, got 0");
    assertThatIllegalArgumentException().isThrownBy(() -> new PromptLookup(1, 65));
  }

  /** The shipped model, one hundred prompts, greedy and drawn. */
  @Test
  void theStorytellerTellsTheSameStories() throws IOException {
    String[] beginnings = {
      "Once upon a time", "The little dog", "One day, a girl", "In the forest", "Tom and Lily",
      "The sun was", "A bird sat", "Her mother said", "The boy had a ball. The boy", "It was night"
    };
    String[] middles = {
      "",
      " there was",
      " and the cat",
      " who liked to play",
      " was very sad and",
      " saw a big tree. The big tree",
      " went to the park to play. At the park",
      " said: no, no, no,",
      " had a red ball and a blue ball and a",
      " found a box"
    };
    try (LanguageModel model = LanguageModel.load(Path.of("../models/storyteller"))) {
      int prompts = 0;
      for (String beginning : beginnings) {
        for (String middle : middles) {
          String prompt = beginning + middle;
          for (Decoding decoding :
              List.of(
                  Decoding.greedy(), Decoding.sampling().temperature(0.8).topK(20).seed(prompts))) {
            Decoding limited = decoding.maxNewTokens(48);
            Generation plain = model.generate(prompt, limited);
            Generation guessing = model.generate(prompt, limited.promptLookup(PromptLookup.of(6)));
            assertThat(guessing.tokenIds()).as(prompt).isEqualTo(plain.tokenIds());
            assertThat(guessing.text()).as(prompt).isEqualTo(plain.text());
          }
          prompts++;
        }
      }
      assertThat(prompts).isEqualTo(100);
    }
  }

  private static int[] run(FakeClassifier classifier, Decoding decoding, int... prompt) {
    return generate(classifier, decoding, prompt).tokenIds();
  }

  private static Generation generate(FakeClassifier classifier, Decoding decoding, int... prompt) {
    return new Decoder(classifier, prompt, decoding).run(GenerationListener.none());
  }
}
