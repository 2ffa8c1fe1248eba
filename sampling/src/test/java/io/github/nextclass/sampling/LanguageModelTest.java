package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.MemoryBudgetException;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LanguageModelTest {
  private static final Decoding SAMPLING =
      Decoding.sampling().seed(5).ignoreEos(true).maxNewTokens(80);

  @TempDir static Path folder;
  private static LanguageModel model;

  @BeforeAll
  static void load() throws IOException {
    model = LanguageModel.load(Checkpoints.writeByteModel(folder), options());
  }

  @AfterAll
  static void close() {
    model.close();
  }

  // ---- ids

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gqa-tied-bf16",
        "mha-untied-f32",
        "mqa-f16",
        "yarn",
        "bias",
        "sharded",
        "noprefix"
      })
  void greedyTokensEqualThoseOfTransformers(String name) throws IOException {
    try (LanguageModel golden = LanguageModel.load(Checkpoints.golden(name), options());
        TensorSource expected =
            Safetensors.open(Checkpoints.golden(name).resolve("expected.safetensors"))) {
      int[] prompt = IntStream.of(ints(expected.tensor("token_ids"))).limit(5).toArray();
      Generation generation = golden.generate(prompt, Decoding.greedy().maxNewTokens(64));
      assertThat(generation.tokenIds()).isEqualTo(ints(expected.tensor("greedy")));
      assertThat(generation.text()).isEmpty();
      assertThat(generation.finishReason()).isEqualTo(FinishReason.LENGTH);
      assertThat(golden.tokenizer()).isEmpty();
      assertThat(golden.defaultDecoding().settings().eosTokenIds()).containsExactly(1);
      assertThat(golden.contextLength()).as("the model's own limit").isEqualTo(128);
    }
  }

  @Test
  void withoutATokenizerTextIsRefused() throws IOException {
    try (LanguageModel golden = LanguageModel.load(Checkpoints.golden("bias"), options())) {
      assertThatIllegalStateException()
          .isThrownBy(() -> golden.generate("text"))
          .withMessageContaining("there is no tokenizer");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> golden.generate(new int[] {1}, Decoding.greedy().stopStrings("x")))
          .withMessageContaining("stopStrings need text");
    }
  }

  // ---- text

  @Test
  void theTextIsThatOfTheTokens() {
    Generation generation = model.generate("Once upon a time", SAMPLING);
    int[] ids = generation.tokenIds();
    assertThat(ids).hasSize(80);
    assertThat(generation.text()).isEqualTo(model.tokenizer().orElseThrow().decode(ids, true));
    assertThat(generation.timings().promptTokens()).isEqualTo("Once upon a time".length());
    assertThat(generation.timings().newTokens()).isEqualTo(80);
  }

  @Test
  void piecesOfTextNeverEndInsideACharacter() {
    // Random bytes: most of what is drawn here is only a part of a character.
    for (long seed = 0; seed < 10; seed++) {
      List<String> pieces = new ArrayList<>();
      Generation generation =
          model.generate("Zoë", SAMPLING.temperature(2).seed(seed), pieces::add);
      assertThat(String.join("", pieces)).isEqualTo(generation.text());
      assertThat(pieces)
          .allMatch(piece ->
              !piece.isEmpty() && !Character.isHighSurrogate(piece.charAt(piece.length() - 1)));
      assertThat(generation.text())
          .isEqualTo(model.tokenizer().orElseThrow().decode(generation.tokenIds(), true));
    }
  }

  @Test
  void theSameSeedGivesTheSameTokens() throws IOException {
    int[] once = model.generate("Once", SAMPLING).tokenIds();
    assertThat(model.generate("Once", SAMPLING).tokenIds()).isEqualTo(once);
    assertThat(model.generate("Once", SAMPLING.seed(6)).tokenIds()).isNotEqualTo(once);
    LanguageModelOptions oneThread =
        options().withEngine(EngineOptions.defaults().withThreads(1).withPrefillChunk(3));
    try (LanguageModel other = LanguageModel.load(folder, oneThread)) {
      assertThat(other.generate("Once", SAMPLING).tokenIds()).isEqualTo(once);
    }
  }

  @Test
  void twoThreadsGetTheTokensThatTheyGetAlone() {
    List<String> prompts =
        List.of("Once upon a time", "The end", "Hm", "A very long prompt ".repeat(40));
    List<int[]> alone = prompts.stream().map(p -> model.generate(p, SAMPLING).tokenIds()).toList();
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<CompletableFuture<int[]>> together =
          prompts.stream()
              .map(p ->
                  CompletableFuture.supplyAsync(
                      () -> model.generate(p, SAMPLING).tokenIds(), threads))
              .toList();
      for (int i = 0; i < prompts.size(); i++) {
        assertThat(together.get(i).join()).isEqualTo(alone.get(i));
      }
    }
  }

  @Test
  void predictionsAreTheClassificationsOfTheGeneration() {
    Decoding decoding = SAMPLING.topClasses(3).maxNewTokens(7);
    List<Prediction> predictions = model.predictions("Once", decoding);
    assertThat(predictions).isEqualTo(model.generate("Once", decoding).predictions()).hasSize(7);
    assertThat(predictions).allMatch(p -> p.top().size() == 3);
    assertThat(predictions.getFirst().position()).isEqualTo(4);
  }

  @Test
  void paddingRowsAreNoClassesUnlessAskedFor() {
    Decoding all = Decoding.greedy().maxNewTokens(1).topClasses(1000);
    assertThat(model.predictions("Once", all).getFirst().top())
        .hasSize(Checkpoints.BYTE_MODEL_CLASSES);
    assertThat(model.predictions("Once", all.maskPadding(false)).getFirst().top())
        .hasSize(Checkpoints.BYTE_MODEL_ROWS);
    assertThat(model.classes()).isEqualTo(Checkpoints.BYTE_MODEL_CLASSES);
    int padding = Checkpoints.BYTE_MODEL_ROWS - 1;
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.generate(new int[] {padding}, all))
        .withMessage("prompt: token ids must be 0 to 260, got 319");
    assertThat(model.generate(new int[] {padding}, all.maskPadding(false)).tokenIds()).hasSize(1);
  }

  @Test
  void endOfSequenceIsTheCheckpointsUnlessTheSettingsHaveTheirOwn() {
    assertThat(model.defaultDecoding().settings().eosTokenIds()).containsExactly(258);
    Decoding onlyEos = Decoding.greedy().allowedTokenIds(258);
    Generation generation = model.generate("Once", onlyEos);
    assertThat(generation.finishReason()).isEqualTo(FinishReason.EOS);
    assertThat(generation.tokenIds()).containsExactly(258);
    assertThat(generation.text()).isEmpty();
    Generation other = model.generate("Once", onlyEos.eosTokenIds(1).maxNewTokens(3));
    assertThat(other.finishReason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void stopStringsWorkAcrossTokens() {
    String text = model.generate("Once", Decoding.greedy().maxNewTokens(40)).text();
    int middle = text.length() / 2;
    String stop = text.substring(middle, Math.min(text.length(), middle + 3));
    Generation generation =
        model.generate("Once", Decoding.greedy().maxNewTokens(40).stopStrings(stop));
    assertThat(generation.finishReason()).isEqualTo(FinishReason.STOP_STRING);
    assertThat(generation.text()).isEqualTo(text.substring(0, text.indexOf(stop)));
  }

  // ---- limits and errors

  @Test
  void whatDoesNotFitIsRefusedWithTheNumbers() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.generate("", SAMPLING))
        .withMessageContaining("at least one token");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.generate(new int[1025], Decoding.greedy()))
        .withMessage("the prompt has 1025 tokens, the context holds 1024");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.generate(new int[1000], SAMPLING))
        .withMessage(
            "the prompt has 1000 tokens and maxNewTokens is 80, together 1080; the context holds 1024");
    Generation full = model.generate(new int[1020], Decoding.greedy().ignoreEos(true));
    assertThat(full.finishReason()).isEqualTo(FinishReason.CONTEXT_FULL);
    assertThat(full.tokenIds()).hasSize(5);
  }

  @Test
  void anInterruptStopsThePrefill() {
    Thread.currentThread().interrupt();
    Generation generation = model.generate(new int[900], SAMPLING);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(generation.finishReason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(generation.predictions()).isEmpty();
  }

  @Test
  void aThrowingListenerLeavesTheModelUsable() {
    assertThatThrownBy(() ->
            model.generate(
                "Once",
                SAMPLING,
                text -> {
                  throw new UnsupportedOperationException("full");
                }))
        .isInstanceOf(UnsupportedOperationException.class);
    assertThat(model.generate("Once", SAMPLING).tokenIds()).hasSize(80);
  }

  @Test
  void memoryIsReservedAndGivenBack() throws IOException {
    long bytesPerToken = model.engine().kvBytesPerPosition();
    EngineOptions small = EngineOptions.defaults().withMemoryBudgetBytes(100 * bytesPerToken);
    try (LanguageModel tight = LanguageModel.load(folder, options().withEngine(small))) {
      for (int i = 0; i < 5; i++) {
        assertThat(tight.generate("Once", SAMPLING.seed(i)).tokenIds()).hasSize(80);
        try (Stream<GenerationStep> stream = tight.stream("Once", SAMPLING)) {
          assertThat(stream.limit(2).count()).isEqualTo(2);
        }
        assertThat(tight.stream("Once", SAMPLING).toList()).hasSize(80);
        assertThatIllegalArgumentException()
            .isThrownBy(() -> tight.generate(new int[] {-1}, SAMPLING));
        assertThatIllegalArgumentException()
            .isThrownBy(() -> tight.stream(new int[] {-1}, SAMPLING));
      }
      assertThatThrownBy(() -> tight.generate("Once", Decoding.greedy()))
          .isInstanceOf(MemoryBudgetException.class)
          .hasMessageContaining("max 100 tokens");
    }
  }

  @Test
  void aClosedModelSaysSo() throws IOException {
    LanguageModel closed = LanguageModel.load(folder, options());
    Stream<GenerationStep> running = closed.stream("Once", SAMPLING);
    var steps = running.iterator();
    assertThat(steps.next().prediction()).isNotNull();
    closed.close();
    closed.close();
    assertThatIllegalStateException().isThrownBy(steps::next).withMessageContaining("closed");
    assertThatIllegalStateException()
        .isThrownBy(() -> closed.generate("Once", SAMPLING))
        .withMessageContaining("model is closed");
    running.close();
  }

  @Test
  void closingWhileAnotherThreadGeneratesIsAnErrorThere() throws Exception {
    LanguageModel closing = LanguageModel.load(folder, options());
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      CompletableFuture<Void> started = new CompletableFuture<>();
      CompletableFuture<Void> closed = new CompletableFuture<>();
      Decoding endless = Decoding.greedy().ignoreEos(true);
      CompletableFuture<Generation> running =
          CompletableFuture.supplyAsync(
              () ->
                  closing.generate(
                      new int[] {65},
                      endless,
                      new GenerationListener() {
                        @Override
                        public void onText(String text) {}

                        @Override
                        public void onPrediction(Prediction prediction) {
                          started.complete(null);
                          closed.join();
                        }
                      },
                      new Cancellation()),
              threads);
      started.join();
      closing.close();
      closed.complete(null);
      assertThatThrownBy(running::join)
          .hasCauseInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
    }
  }

  /** Wherever the other threads are when the model is closed, they finish or are told. */
  @Test
  void closingInTheMiddleOfPassesIsNoCrash() throws IOException {
    for (int round = 0; round < 20; round++) {
      LanguageModel closing = LanguageModel.load(folder, options());
      try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
        List<CompletableFuture<Generation>> running =
            Stream.of("Once", "A long prompt ".repeat(30))
                .map(p ->
                    CompletableFuture.supplyAsync(() -> closing.generate(p, SAMPLING), threads))
                .toList();
        if (round % 2 == 1) {
          running.getFirst().join();
        }
        closing.close();
        for (CompletableFuture<Generation> each : running) {
          Throwable failure = each.handle((generation, e) -> e).join();
          if (failure == null) {
            assertThat(each.join().tokenIds()).hasSize(80);
          } else {
            assertThat(failure)
                .hasCauseInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
          }
        }
      }
    }
  }

  @Test
  void aBadGenerationConfigIsReported(@TempDir Path other) throws IOException {
    Checkpoints.writeByteModel(other);
    Files.writeString(
        other.resolve("generation_config.json"), "{\"do_sample\": true, \"top_p\": 0}");
    assertThatThrownBy(() -> LanguageModel.load(other))
        .isInstanceOf(GenerationConfigException.class)
        .hasMessageContaining("topP must be in (0, 1], got 0.0");
    Files.writeString(
        other.resolve("generation_config.json"),
        "{\"do_sample\": true, \"eos_token_id\": [256, 258], \"top_k\": 3}");
    try (LanguageModel configured = LanguageModel.load(other)) {
      assertThat(configured.defaultDecoding().settings().eosTokenIds()).containsExactly(256, 258);
      assertThat(configured.defaultDecoding().settings().topK()).isEqualTo(3);
    }
  }

  private static LanguageModelOptions options() {
    return LanguageModelOptions.defaults().withContextLength(1024);
  }

  private static int[] ints(Tensor tensor) {
    return IntStream.range(0, (int) tensor.elementCount())
        .map(i -> (int) tensor.longAt(i))
        .toArray();
  }
}
