package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ContrastiveSearchTest {
  private static final int[] PROMPT = {5, 9, 31, 9, 2};
  private static final Decoding CONTRASTIVE =
      Decoding.greedy().contrastive(new ContrastiveSearch(0.6, 4)).maxNewTokens(20).ignoreEos(true);

  @Test
  void choosesTheTokensOfTheReference() throws IOException {
    int runs =
        GoldenLines.checkAll(
            "contrastive.jsonl",
            (model, golden) ->
                assertThat(
                        model
                            .generate(
                                GoldenSettings.ints(golden.get("prompt")),
                                GoldenSettings.decoding(golden.get("settings")).topK(0))
                            .tokenIds())
                    .as("%s", golden)
                    .isEqualTo(GoldenSettings.ints(golden.get("tokens"))));
    assertThat(runs).isGreaterThanOrEqualTo(50);
  }

  @Test
  void streamsAndReturnsTheSame() throws IOException {
    try (LanguageModel model = LanguageModel.load(Checkpoints.golden("gqa-tied-bf16"))) {
      int[] expected = model.generate(PROMPT, CONTRASTIVE).tokenIds();
      try (Stream<GenerationStep> steps = model.stream(PROMPT, CONTRASTIVE)) {
        assertThat(steps.flatMapToInt(ContrastiveSearchTest::chosen).toArray()).isEqualTo(expected);
      }
      assertThat(model.generateAll(PROMPT, CONTRASTIVE, new Cancellation()).getFirst().tokenIds())
          .isEqualTo(expected);
      // Filters and stop rules know nothing of it.
      Decoding stopping = CONTRASTIVE.ignoreEos(false).eosTokenIds(expected[4]);
      Generation stopped = model.generate(PROMPT, stopping);
      assertThat(stopped.finishReason()).isEqualTo(FinishReason.EOS);
      assertThat(stopped.tokenIds().length).isLessThanOrEqualTo(5);
    }
  }

  private static IntStream chosen(GenerationStep step) {
    return step.prediction() == null
        ? IntStream.empty()
        : IntStream.of(step.prediction().tokenId());
  }

  @Test
  void saysWhatItWeighed() throws IOException {
    try (LanguageModel model = LanguageModel.load(Checkpoints.golden("gqa-tied-bf16"))) {
      for (Prediction p : model.generate(PROMPT, CONTRASTIVE.topClasses(4)).predictions()) {
        Choice.Contrastive choice = (Choice.Contrastive) p.choice();
        assertThat(choice.score())
            .isEqualTo(0.4 * choice.probability() - 0.6 * choice.similarity());
        assertThat(choice.probability()).isEqualTo(p.chosen().filteredProbability());
        assertThat(choice.similarity()).isBetween(-1.000001, 1.000001);
        assertThat(p.top()).anyMatch(c -> c.tokenId() == p.tokenId());
      }
    }
  }

  /** With hardly a penalty it is greedy decoding. */
  @Test
  void withoutPenaltyTheBestClassWins() throws IOException {
    try (LanguageModel model = LanguageModel.load(Checkpoints.golden("mha-untied-f32"))) {
      Decoding nearly = CONTRASTIVE.contrastive(new ContrastiveSearch(1e-9, 5));
      assertThat(model.generate(PROMPT, nearly).tokenIds())
          .isEqualTo(
              model
                  .generate(PROMPT, Decoding.greedy().maxNewTokens(20).ignoreEos(true))
                  .tokenIds());
    }
  }

  /** Where the context is full there is no room to look ahead; the last token is the best one. */
  @Test
  void goesOnToTheLastPlaceOfTheContext() throws IOException {
    LanguageModelOptions options = LanguageModelOptions.defaults().withContextLength(12);
    try (LanguageModel model = LanguageModel.load(Checkpoints.golden("gqa-tied-bf16"), options)) {
      Decoding unlimited = CONTRASTIVE.maxNewTokens(Decoding.UNLIMITED);
      Generation generation = model.generate(PROMPT, unlimited);
      assertThat(generation.finishReason()).isEqualTo(FinishReason.CONTEXT_FULL);
      assertThat(generation.tokenIds()).hasSize(8);
      assertThat(generation.predictions().getLast().choice()).isEqualTo(new Choice.Best());
    }
  }

  @Test
  void everyBranchIsClosedAlsoWhenAPassFails() {
    Places classifier = new Places();
    Decoder decoder = new Decoder(classifier, new int[] {1}, CONTRASTIVE);
    decoder.next();
    assertThat(classifier.open).isEqualTo(1);
    classifier.failing = true;
    assertThat(decoder.next().finishReason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(classifier.open).isEqualTo(1);
  }

  @Test
  void aCallThatFailedCanBeMadeAgain() {
    Places undisturbed = new Places();
    int[] expected =
        new Decoder(undisturbed, new int[] {1}, CONTRASTIVE)
            .run(GenerationListener.none())
            .tokenIds();
    Places classifier = new Places();
    Decoder decoder = new Decoder(classifier, new int[] {1}, CONTRASTIVE);
    for (int i = 0; i < 20; i++) {
      classifier.broken = true;
      try {
        decoder.next();
      } catch (IllegalStateException e) {
        assertThat(e).hasMessage("broken");
      }
      classifier.broken = false;
      decoder.next();
    }
    assertThat(decoder.result().tokenIds()).isEqualTo(expected);
    assertThat(classifier.open).isEqualTo(1);
  }

  @Test
  void refusesWhatExcludesIt() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Decoder(new Places(), PROMPT, CONTRASTIVE.temperature(1)))
        .withMessageContaining("exclude each other");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> new Decoder(new Places(), PROMPT, CONTRASTIVE.promptLookup(PromptLookup.of(3))))
        .withMessageContaining("exclude each other");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Decoder(FakeClassifier.random(40), PROMPT, CONTRASTIVE))
        .withMessageContaining("VectorClassifier");
    for (double alpha : new double[] {0, -1, 1.1, Double.NaN}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new ContrastiveSearch(alpha, 4))
          .withMessageContaining("penaltyAlpha");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ContrastiveSearch(0.5, 1))
        .withMessageContaining("topK");
  }

  /** Scores and places that follow from the prefix; several ways to fail. */
  private static final class Places implements VectorClassifier {
    private final List<Integer> prefix;
    private final Places trunk;
    private int open = 1;
    private boolean failing;
    private boolean broken;

    Places() {
      prefix = new ArrayList<>();
      trunk = this;
    }

    private Places(Places from) {
      prefix = new ArrayList<>(from.prefix);
      trunk = from.trunk;
      trunk.open++;
    }

    @Override
    public int classes() {
      return 40;
    }

    @Override
    public int position() {
      return prefix.size();
    }

    @Override
    public int capacity() {
      return 100;
    }

    @Override
    public float[] classify(int... tokenIds) {
      for (int tokenId : tokenIds) {
        prefix.add(tokenId);
      }
      return GoldenScores.make("bell", prefix.hashCode(), 40);
    }

    @Override
    public float[][] readVectors(int... tokenIds) {
      float[][] vectors = new float[tokenIds.length][];
      for (int i = 0; i < tokenIds.length; i++) {
        vectors[i] = answer(tokenIds[i]).vector();
      }
      return vectors;
    }

    @Override
    public List<Answer> answerTogether(List<? extends BranchingClassifier> batch, int... tokenIds) {
      List<Answer> answers = new ArrayList<>();
      for (int i = 0; i < tokenIds.length; i++) {
        answers.add(((Places) batch.get(i)).answer(tokenIds[i]));
      }
      if (failing) {
        throw new CancellationException();
      }
      if (broken) {
        throw new IllegalStateException("broken");
      }
      return answers;
    }

    private Answer answer(int tokenId) {
      float[] scores = classify(tokenId);
      double angle = prefix.hashCode() % 1000;
      return new Answer(scores, new float[] {(float) Math.cos(angle), (float) Math.sin(angle)});
    }

    @Override
    public void adopt(BranchingClassifier branch) {
      prefix.clear();
      prefix.addAll(((Places) branch).prefix);
    }

    @Override
    public void truncate(int length) {
      prefix.subList(length, prefix.size()).clear();
    }

    @Override
    public BranchingClassifier fork() {
      return new Places(this);
    }

    @Override
    public void close() {
      trunk.open--;
    }
  }
}
