package io.github.nextclass.cuda;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.Generation;
import io.github.nextclass.sampling.GenerationStep;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.LanguageModelOptions;
import io.github.nextclass.sampling.Prediction;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What users call, on the device: greedy decoding does not have the scores come back. */
class GenerationTest {
  private static final int[] PROMPT = {3, 5, 7, 9};
  private static final Decoding GREEDY = Decoding.greedy().maxNewTokens(40).ignoreEos(true);

  /** The same, but who wants to see a class beside the best needs all scores. */
  private static final Decoding WITH_SCORES = GREEDY.topClasses(1);

  private FakeDriver driver;

  @BeforeEach
  void loadTheDriver() {
    driver = FakeDriver.load();
  }

  @AfterEach
  void everythingIsFreed() {
    assertThat(driver.allocations()).isZero();
  }

  private static LanguageModel load(String backend) throws IOException {
    EngineOptions options = EngineOptions.defaults().withBackend(backend);
    return LanguageModel.load(
        Golden.load("gqa-tied-bf16").folder(),
        new LanguageModelOptions(options, Integer.MAX_VALUE));
  }

  @Test
  void greedyDecodingIsThatByTheScores() throws IOException {
    try (LanguageModel model = load("cuda");
        LanguageModel cpu = load("cpu")) {
      Generation actual = model.generate(PROMPT, GREEDY);
      Generation expected = model.generate(PROMPT, WITH_SCORES);
      assertThat(actual.tokenIds())
          .isEqualTo(expected.tokenIds())
          .isEqualTo(cpu.generate(PROMPT, GREEDY).tokenIds());
      assertThat(actual.finishReason()).isEqualTo(expected.finishReason());
      for (int i = 0; i < 40; i++) {
        Prediction found = actual.predictions().get(i);
        Prediction wanted = expected.predictions().get(i);
        assertThat(found.position()).isEqualTo(wanted.position());
        assertThat(found.choice()).isEqualTo(wanted.choice());
        assertThat(found.chosen().logit()).isEqualTo(wanted.chosen().logit());
        assertThat(found.probability()).isCloseTo(wanted.probability(), within(1e-6));
      }
    }
  }

  @Test
  void anEndInTheMiddleIsTheSame() throws IOException {
    try (LanguageModel model = load("cuda")) {
      int stop = model.generate(PROMPT, WITH_SCORES).tokenIds()[20];
      Generation actual = model.generate(PROMPT, GREEDY.stopTokenIds(stop));
      Generation expected = model.generate(PROMPT, WITH_SCORES.stopTokenIds(stop));
      assertThat(actual.tokenIds()).isEqualTo(expected.tokenIds()).hasSizeLessThan(40);
      assertThat(actual.finishReason()).isEqualTo(expected.finishReason());
      try (Stream<GenerationStep> steps = model.stream(PROMPT, GREEDY)) {
        List<Integer> streamed =
            steps.limit(5).map(step -> requireNonNull(step.prediction()).tokenId()).toList();
        assertThat(streamed).startsWith(expected.tokenIds()[0], expected.tokenIds()[1]);
      }
    }
  }

  @Test
  void fewWaitsAndNoScores() throws IOException {
    try (LanguageModel model = load("cuda")) {
      model.generate(PROMPT, GREEDY); // graphs are made
      long waits = driver.waits();
      model.generate(PROMPT, GREEDY);
      assertThat(driver.waits() - waits).as("the prompt; 1, 2, 4, 8, 16, 8 steps").isEqualTo(7);
      waits = driver.waits();
      model.generate(PROMPT, WITH_SCORES);
      assertThat(driver.waits() - waits).isEqualTo(40);
    }
  }
}
