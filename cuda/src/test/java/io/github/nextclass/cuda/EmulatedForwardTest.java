package io.github.nextclass.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.nextclass.engine.BestClass;
import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.KvCacheFormat;
import io.github.nextclass.engine.MemoryBudgetException;
import io.github.nextclass.engine.Session;
import io.github.nextclass.engine.WeightFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whole models through the product's code: the engine, the planner, JCuda, and the kernels
 * themselves, which the fake driver runs on the CPU. Shows that indices, layouts, masks and the
 * order of launches are right. Does not show races between blocks, nor anything about a real GPU.
 */
class EmulatedForwardTest {
  private static final String CHECKPOINT = "gqa-tied-bf16";
  private static final int[] TOKENS =
      IntStream.range(0, 150).map(i -> (i * 37 + 11) % 61).toArray();

  private FakeDriver driver;

  @BeforeEach
  void loadTheDriver() {
    driver = FakeDriver.load();
    assertThat(driver.allocations()).isZero();
  }

  @AfterEach
  void everythingIsFreedAndNothingWasWrittenOutside() {
    assertThat(driver.contexts()).as("contexts left on this thread, device left open").isZero();
    assertThat(driver.allocations()).as("allocations and graphs not freed").isZero();
  }

  private static EngineOptions options(String backend) {
    return EngineOptions.defaults().withBackend(backend);
  }

  /** How far the device is from the CPU, in what the same work on a new session gives. */
  private static double errorAgainstTheCpu(
      Path folder, EngineOptions onTheDevice, Function<Session, float[][]> work)
      throws IOException {
    try (Engine cpu = Engine.load(folder, options("cpu"));
        Engine cuda = Engine.load(folder, onTheDevice);
        Session expected = cpu.newSession(200);
        Session actual = cuda.newSession(200)) {
      return Golden.relativeError(work.apply(actual), work.apply(expected));
    }
  }

  static Stream<Arguments> waysToRun() {
    return Golden.NAMES.stream()
        .flatMap(name ->
            Stream.of(
                Arguments.of(name, "cuda", 1),
                Arguments.of(name, "cuda", 7),
                Arguments.of(name, "cuda", 512),
                Arguments.of(name, PlainProvider.UNFUSED, 7)));
  }

  @ParameterizedTest
  @MethodSource("waysToRun")
  void logitsAreThoseOfTransformers(String name, String backend, int chunk) throws IOException {
    Golden golden = Golden.load(name);
    try (Engine engine = Engine.load(golden.folder(), options(backend).withPrefillChunk(chunk));
        Session session = engine.newSession(golden.tokenIds().length)) {
      float[][] logits = Golden.allLogits(session, golden.tokenIds());
      assertThat(Golden.relativeError(logits, golden.logits()))
          .isLessThanOrEqualTo(golden.tolerance(chunk));
    }
  }

  /** The kernels that load all weights of a block at once are those of this shape and device. */
  @ParameterizedTest
  @ValueSource(ints = {1, 4, 5, 8})
  void aLayerOfTheSmallestModelIsAsOnTheCpu(int tokens, @TempDir Path folder) throws IOException {
    driver.device(132, 227 << 10);
    new RandomCheckpoint(1024, 3072, 1, 16, 8, 128, 40).write(folder, 5);
    int[] prompt = Arrays.stream(TOKENS, 0, tokens).map(token -> token % 40).toArray();
    assertThat(
            errorAgainstTheCpu(
                folder, options("cuda"), s -> new float[][] {s.forward(prompt), s.forward(prompt)}))
        .isLessThanOrEqualTo(Golden.TENSOR_CORES_TOLERANCE);
  }

  /** What {@code scripts/cuda_check.sh} measures beside the default. */
  @Test
  void roundedActivationsAreAboutAsGood() throws IOException {
    Golden golden = Golden.load(CHECKPOINT);
    for (int chunk : List.of(40, 512)) {
      EngineOptions rounding = options(PlainProvider.ROUNDING).withPrefillChunk(chunk);
      try (Engine engine = Engine.load(golden.folder(), rounding);
          Session session = engine.newSession(golden.tokenIds().length)) {
        float[][] logits = Golden.allLogits(session, golden.tokenIds());
        assertThat(Golden.relativeError(logits, golden.logits())).isBetween(1e-5, 2e-2);
      }
    }
  }

  /** Of weights that q8 holds exactly, so that the float model is what it must equal. */
  @ParameterizedTest
  @CsvSource({"1, cuda", "7, cuda", "40, cuda", "7, cuda-unfused"})
  void weightsOf8BitsAreTheirDequantisedValues(int chunk, String backend, @TempDir Path folder)
      throws IOException {
    new RandomCheckpoint(256, 384, 2, 4, 2, 128, 300).writeOfLevels(folder, 5);
    int[] tokens = Arrays.copyOf(TOKENS, 10);
    try (Engine cpu = Engine.load(folder, options("cpu"));
        Engine cuda =
            Engine.load(
                folder, options(backend).withPrefillChunk(chunk).withWeights(WeightFormat.Q8));
        Session expected = cpu.newSession(40);
        Session actual = cuda.newSession(40)) {
      assertThat(
              Golden.relativeError(
                  Golden.allLogits(actual, tokens), Golden.allLogits(expected, tokens)))
          .isLessThanOrEqualTo(Golden.TENSOR_CORES_TOLERANCE);
      assertThat(actual.greedy(new int[] {1}, 4)).isEqualTo(expected.greedy(new int[] {1}, 4));
    }
  }

  /** The CPU rounds the inputs of q8 to 8 bits, the device does not. */
  @Test
  void checkpointsOf8BitsAreAboutAsOnTheCpu() throws IOException {
    Golden golden = Golden.load("q8");
    try (Engine engine = Engine.load(golden.folder(), options("cuda"));
        Session session = engine.newSession(golden.tokenIds().length)) {
      float[][] logits = Golden.allLogits(session, golden.tokenIds());
      assertThat(Golden.relativeError(logits, golden.logits())).isBetween(1e-4, 5e-2);
    }
    assertThatThrownBy(() ->
            Engine.load(
                Golden.load(CHECKPOINT).folder(), options("cuda").withWeights(WeightFormat.Q4)))
        .hasMessage("backend cuda has no q4 weights; the CPU has");
  }

  @Test
  void otherFormatsOfTheCacheAreRefused() throws IOException {
    Golden golden = Golden.load(CHECKPOINT);
    EngineOptions bf16 = options("cuda").withKvCache(KvCacheFormat.BF16);
    assertThatThrownBy(() -> Engine.load(golden.folder(), bf16))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("backend cuda has no")
        .hasMessageContaining("KV cache");
    try (Engine engine = Engine.load(golden.folder(), bf16.withBackend("auto"))) {
      assertThat(engine.description()).startsWith("CPU");
    }
  }

  @Test
  void decodingIsTheSameFusedAndUnfusedAndInABatch() throws IOException {
    Golden golden = Golden.load(CHECKPOINT);
    try (Engine fused = Engine.load(golden.folder(), options("cuda"));
        Engine unfused = Engine.load(golden.folder(), options(PlainProvider.UNFUSED));
        Session one = fused.newSession(40);
        Session other = unfused.newSession(40);
        Session first = fused.newSession(40);
        Session second = fused.newSession(40)) {
      first.append(5, 6, 7);
      for (int i = 0; i < 20; i++) {
        float[] scores = one.forward(TOKENS[i]);
        assertThat(
                Golden.relativeError(
                    new float[][] {other.forward(TOKENS[i])}, new float[][] {scores}))
            .isLessThanOrEqualTo(Golden.TENSOR_CORES_TOLERANCE);
        float[][] batch =
            fused.forwardTogether(List.of(first, second), new int[] {TOKENS[i + 1], TOKENS[i]});
        assertThat(batch[1]).containsExactly(scores);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"cuda, 1, 40", "cuda, 3, 20", "cuda, 20, 3", "cuda-unfused, 3, 5"})
  void greedyStepsChooseWhatTheScoresSay(String backend, int sequences, int count)
      throws IOException {
    Golden golden = Golden.load(CHECKPOINT);
    try (Engine cpu = Engine.load(golden.folder(), options("cpu"));
        Engine cuda = Engine.load(golden.folder(), options(backend))) {
      List<Session> expected = new ArrayList<>();
      List<Session> actual = new ArrayList<>();
      List<int[]> prompts = new ArrayList<>();
      for (int i = 0; i < sequences; i++) {
        expected.add(cpu.newSession(100));
        actual.add(cuda.newSession(100));
        prompts.add(Arrays.copyOfRange(TOKENS, i, 2 * i + 1));
      }
      assertThat(cuda.greedyTogether(actual, prompts, count))
          .isDeepEqualTo(cpu.greedyTogether(expected, prompts, count));
      assertThat(actual).extracting(Session::position).first().isEqualTo(count);
      expected.forEach(Session::close);
      actual.forEach(Session::close);
    }
  }

  @Test
  void theBestClassComesWithItsScoreAndProbability() throws IOException {
    Golden golden = Golden.load(CHECKPOINT);
    int classes = 50;
    try (Engine engine = Engine.load(golden.folder(), options("cuda"));
        Session plain = engine.newSession(100);
        Session session = engine.newSession(100)) {
      int next = 1;
      for (BestClass best : session.best(new int[] {next}, 20, classes)) {
        float[] scores = Arrays.copyOf(plain.forward(next), classes);
        float greatest = scores[best.tokenId()];
        double total = 0;
        for (float score : scores) {
          assertThat(score).isLessThanOrEqualTo(greatest);
          total += Math.exp(score - greatest);
        }
        assertThat(best.score()).isEqualTo(greatest);
        assertThat(best.probability()).isCloseTo(1 / total, within(1e-6));
        next = best.tokenId();
      }
    }
  }

  @Test
  void greedyStepsWaitForNobody() throws IOException {
    Golden golden = Golden.load(CHECKPOINT);
    try (Engine engine = Engine.load(golden.folder(), options("cuda"));
        Session session = engine.newSession(100)) {
      session.greedy(new int[] {1}, 16);
      long waits = driver.waits();
      session.greedy(new int[] {2}, 16);
      assertThat(driver.waits()).isEqualTo(waits + 1);
    }
  }

  /** One layer of Qwen3-0.6B on what looks like a large device: its grids, tiles and splits. */
  @ParameterizedTest
  @CsvSource({"1, 2", "6, 6", "40, 10", "40, 40", "70, 66"})
  void theShapesOfThePublishedModel(int chunk, int length, @TempDir Path folder)
      throws IOException {
    driver.device(132, 227 << 10);
    new RandomCheckpoint(1024, 3072, 1, 16, 8, 128, 1000).write(folder, 3);
    int[] tokens = Arrays.copyOf(TOKENS, length);
    assertThat(
            errorAgainstTheCpu(
                folder,
                options("cuda").withPrefillChunk(chunk),
                s -> new float[][] {s.forward(tokens)}))
        .isLessThanOrEqualTo(Golden.TENSOR_CORES_TOLERANCE);
  }

  /** Where each multiprocessor has several turns of rows, as with the published vocabulary. */
  @ParameterizedTest
  @CsvSource({"12, 12", "40, 40"})
  void headsOfVeryManyRows(int chunk, int length, @TempDir Path folder) throws IOException {
    driver.device(1, 99 << 10);
    new RandomCheckpoint(256, 384, 1, 4, 2, 128, 1101).write(folder, 9);
    int[] tokens = Arrays.copyOf(TOKENS, length);
    assertThat(
            errorAgainstTheCpu(
                folder, options("cuda").withPrefillChunk(chunk), s -> Golden.allLogits(s, tokens)))
        .isLessThanOrEqualTo(Golden.TENSOR_CORES_TOLERANCE);
  }

  /** Where blocks cannot work together, there are tiles of fewer rows. */
  @ParameterizedTest
  @CsvSource({"12, 24", "40, 40"})
  void batchesOnDevicesWithoutClusters(int chunk, int length) throws IOException {
    driver.machine(FakeDriver.CUDA_12_6, 1, 80, 1L << 32);
    Golden golden = Golden.load(CHECKPOINT);
    int[] tokens = Arrays.copyOf(TOKENS, length);
    assertThat(
            errorAgainstTheCpu(
                golden.folder(),
                options("cuda").withPrefillChunk(chunk),
                s -> Golden.allLogits(s, tokens)))
        .isLessThanOrEqualTo(Golden.TENSOR_CORES_TOLERANCE);
  }

  @Test
  void roundingIsAChoice() throws IOException {
    Golden golden = Golden.load(CHECKPOINT);
    try (Engine exact = Engine.load(golden.folder(), options("cuda"));
        Engine rounded =
            Engine.load(golden.folder(), options("cuda").withRoundedActivations(true));
        Engine expected = Engine.load(golden.folder(), options(PlainProvider.ROUNDING));
        Session ofExact = exact.newSession(50);
        Session ofRounded = rounded.newSession(50);
        Session ofExpected = expected.newSession(50)) {
      int[] tokens = Arrays.copyOf(TOKENS, 40);
      float[] scores = ofRounded.forward(tokens);
      assertThat(scores).isEqualTo(ofExpected.forward(tokens));
      assertThat(scores).isNotEqualTo(ofExact.forward(tokens));
    }
  }

  @Test
  void longContextsAreSplitAndPagedRight() throws IOException {
    Golden golden = Golden.load(CHECKPOINT);
    try (Engine cpu = Engine.load(golden.folder(), options("cpu"));
        Engine cuda = Engine.load(golden.folder(), options("cuda"));
        Session expected = cpu.newSession(2000);
        Session actual = cuda.newSession(2000)) {
      for (int length : List.of(1, 16, 17, 64, 65, 256, 257)) {
        int[] more =
            IntStream.range(expected.position(), length - 1).map(i -> (i * 29 + 3) % 61).toArray();
        if (more.length > 0) {
          expected.append(more);
          actual.append(more);
        }
        float[][] decoded = {actual.forward(length % 61)};
        assertThat(Golden.relativeError(decoded, new float[][] {expected.forward(length % 61)}))
            .as("%d positions", length)
            .isLessThanOrEqualTo(Golden.TENSOR_CORES_TOLERANCE);
      }
    }
  }

  /** The shapes of the published models in small: layers of several tiles and stages. */
  @ParameterizedTest
  @CsvSource({
    "1, 2, 1, 99",
    "8, 4, 2, 99",
    "150, 8, 2, 99",
    "70, 5, 1, 99",
    "60, 2, 2, 99",
    "40, 8, 1, 99",
    "150, 8, 2, 227",
    "70, 5, 1, 227"
  })
  void headsOf128AreAsOnTheCpu(
      int chunk, int heads, int kvHeads, int sharedKib, @TempDir Path folder) throws IOException {
    driver.device(4, sharedKib << 10);
    new RandomCheckpoint(256, 384, 2, heads, kvHeads, 128, 300).write(folder, 7);
    int[] tokens = chunk > 8 ? TOKENS : Arrays.copyOf(TOKENS, 20);
    assertThat(
            errorAgainstTheCpu(
                folder, options("cuda").withPrefillChunk(chunk), s -> Golden.allLogits(s, tokens)))
        .isLessThanOrEqualTo(Golden.TENSOR_CORES_TOLERANCE);
  }

  /** Passes that see the positions of passes before, and of another session's. */
  @ParameterizedTest
  @CsvSource({
    "cuda, 99, 5e-5",
    "cuda-unfused, 99, 5e-5",
    "cuda-rounding, 99, 2e-2",
    "cuda, 227, 5e-5",
    "cuda-rounding, 227, 2e-2"
  })
  void promptsContinue(String backend, int sharedKib, double tolerance, @TempDir Path folder)
      throws IOException {
    driver.device(4, sharedKib << 10);
    new RandomCheckpoint(256, 384, 2, 4, 2, 128, 300).write(folder, 7);
    try (Engine cpu = Engine.load(folder, options("cpu"));
        Engine cuda = Engine.load(folder, options(backend).withPrefillChunk(50));
        Session expected = cpu.newSession(300);
        Session actual = cuda.newSession(300)) {
      expected.append(Arrays.copyOf(TOKENS, 110));
      actual.append(Arrays.copyOf(TOKENS, 110));
      try (Session other = expected.fork();
          Session fork = actual.fork()) {
        int[] more = Arrays.copyOfRange(TOKENS, 50, 120);
        assertThat(
                Golden.relativeError(
                    new float[][] {actual.forward(more), fork.forward(Arrays.copyOf(more, 20))},
                    new float[][] {expected.forward(more), other.forward(Arrays.copyOf(more, 20))}))
            .isLessThanOrEqualTo(tolerance);
        actual.truncate(90);
        expected.truncate(90);
        assertThat(
                Golden.relativeError(
                    new float[][] {actual.forward(more)}, new float[][] {expected.forward(more)}))
            .isLessThanOrEqualTo(tolerance);
      }
    }
  }

  /** Hopper has kernels of its own for prompts. */
  @ParameterizedTest
  @CsvSource({"80, 163", "86, 99", "120, 99"})
  void promptsAreAsOnTheCpuOnOtherDevices(
      int computeCapability, int sharedKib, @TempDir Path folder) throws IOException {
    driver.machine(FakeDriver.CUDA_12_6, 1, computeCapability, 1L << 32);
    driver.device(4, sharedKib << 10);
    new RandomCheckpoint(256, 384, 1, 4, 2, 128, 300).write(folder, 7);
    assertThat(errorAgainstTheCpu(folder, options("cuda"), s -> new float[][] {s.forward(TOKENS)}))
        .isLessThanOrEqualTo(Golden.TENSOR_CORES_TOLERANCE);
  }

  /**
   * Rows that are no multiple of a tile, columns that are none of a stage, several tiles a block.
   */
  @ParameterizedTest
  @CsvSource({"1, cuda", "4, cuda", "12, cuda", "200, cuda", "4, cuda-rounding"})
  void tilesOfHopperMayBeCutOff(int multiprocessors, String backend, @TempDir Path folder)
      throws IOException {
    driver.device(multiprocessors, FakeDriver.SHARED_OF_HOPPER);
    new RandomCheckpoint(160, 352, 1, 3, 1, 64, 300).write(folder, 7);
    int[] tokens = Arrays.copyOf(TOKENS, 131);
    assertThat(errorAgainstTheCpu(folder, options(backend), s -> new float[][] {s.forward(tokens)}))
        .isLessThanOrEqualTo(backend.equals("cuda") ? Golden.TENSOR_CORES_TOLERANCE : 2e-2);
  }

  @Test
  void aGraphIsLaunchedFromTheSecondStepOn() throws IOException {
    Golden golden = Golden.load(CHECKPOINT);
    try (Engine engine = Engine.load(golden.folder(), options("cuda"));
        Session session = engine.newSession(40)) {
      long graphs = driver.graphLaunches();
      session.forward(1);
      assertThat(driver.graphLaunches()).isEqualTo(graphs);
      session.forward(2);
      long launches = driver.launches();
      session.forward(3);
      session.forward(4);
      assertThat(driver.graphLaunches()).isEqualTo(graphs + 3);
      assertThat(driver.launches()).as("all in the graph").isEqualTo(launches);
      assertThat(driver.overlappingLaunches()).isPositive();
    }
  }

  @Test
  void batchesOfManySizesAreAsAlone() throws IOException {
    Golden golden = Golden.load(CHECKPOINT);
    try (Engine cpu = Engine.load(golden.folder(), options("cpu"));
        Engine engine = Engine.load(golden.folder(), options("cuda").withPrefillChunk(64))) {
      for (int size : List.of(3, 9, 20)) {
        List<Session> batch = new ArrayList<>();
        List<Session> alone = new ArrayList<>();
        for (int i = 0; i < size; i++) {
          batch.add(engine.newSession(70));
          alone.add(cpu.newSession(70));
          int[] prompt = Arrays.copyOfRange(TOKENS, 0, 1 + i * 2);
          batch.get(i).append(prompt);
          alone.get(i).append(prompt);
        }
        int[] next = Arrays.copyOfRange(TOKENS, 50, 50 + size);
        assertThat(
                Golden.relativeError(
                    engine.forwardTogether(batch, next), cpu.forwardTogether(alone, next)))
            .as("%d sequences", size)
            .isLessThanOrEqualTo(Golden.TENSOR_CORES_TOLERANCE);
        batch.forEach(Session::close);
        alone.forEach(Session::close);
      }
    }
  }

  /** Rows of one sequence need each other's keys, whoever else is in the pass. */
  @Test
  void severalSequencesOfSeveralTokensShareAPass() throws IOException {
    Golden golden = Golden.load(CHECKPOINT);
    try (Engine cpu = Engine.load(golden.folder(), options("cpu"));
        Engine cuda = Engine.load(golden.folder(), options("cuda").withPrefillChunk(64))) {
      for (int longest : List.of(2, 3, 20)) {
        List<Session> expected = new ArrayList<>();
        List<Session> actual = new ArrayList<>();
        List<int[]> tokens = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          expected.add(cpu.newSession(100));
          actual.add(cuda.newSession(100));
          tokens.add(Arrays.copyOfRange(TOKENS, i, i + longest - i % 2));
        }
        assertThat(
                Golden.relativeError(
                    cuda.forwardTogether(actual, tokens, cuda.lmHead()),
                    cpu.forwardTogether(expected, tokens, cpu.lmHead())))
            .as("up to %d tokens each", longest)
            .isLessThanOrEqualTo(Golden.TENSOR_CORES_TOLERANCE);
        expected.forEach(Session::close);
        actual.forEach(Session::close);
      }
    }
  }

  @Test
  void forksGoTheirOwnWays() throws IOException {
    Golden golden = Golden.load(CHECKPOINT);
    try (Engine engine = Engine.load(golden.folder(), options("cuda").withPrefillChunk(64));
        Session first = engine.newSession(150)) {
      first.append(Arrays.copyOfRange(TOKENS, 0, 70));
      try (Session second = first.fork();
          Session fresh = engine.newSession(150)) {
        float[] a = first.forward(1);
        float[] b = second.forward(4);
        fresh.append(Arrays.copyOfRange(TOKENS, 0, 70));
        assertThat(fresh.forward(4)).containsExactly(b).isNotEqualTo(a);
        fresh.truncate(70);
        assertThat(fresh.forward(1)).containsExactly(a);
        first.truncate(10); // into a page that both hold: the other keeps its own
        first.append(Arrays.copyOfRange(TOKENS, 100, 150));
        second.truncate(70);
        assertThat(second.forward(4)).containsExactly(b);
      }
    }
  }

  @Test
  void aFailedKernelIsAnExceptionWithItsName() throws IOException {
    Golden golden = Golden.load(CHECKPOINT);
    driver.blocking(true);
    try (Engine engine = Engine.load(golden.folder(), options(PlainProvider.UNFUSED));
        Session session = engine.newSession(10)) {
      session.append(1);
      driver.failAfter(2);
      assertThatThrownBy(() -> session.append(1, 2))
          .isInstanceOf(CudaException.class)
          .hasMessageContaining("kernel decode_in_turns_4_8")
          .hasMessageContaining("CUDA_ERROR_ILLEGAL_ADDRESS (700)");
    }
  }

  /** Which of them it was, the driver does not say where launches return at once. */
  @Test
  void aFailedPassIsAnExceptionWithItsKernels() throws IOException {
    Golden golden = Golden.load(CHECKPOINT);
    try (Engine engine = Engine.load(golden.folder(), options("cuda"));
        Session session = engine.newSession(10)) {
      session.forward(1);
      driver.failAfter(2);
      assertThatThrownBy(() -> session.forward(2))
          .isInstanceOf(CudaException.class)
          .hasMessageContaining(
              "one of the kernels embed_bf16, decode_in_turns_4_8, attention_64, decode_in_turns_1_8, decode_gated_in_turns_4_8 (started with")
          .hasMessageContaining("CUDA_ERROR_ILLEGAL_ADDRESS (700)");
      assertThatThrownBy(() -> session.forward(3)).isInstanceOf(CudaException.class);
    }
    try (Engine again = Engine.load(golden.folder(), options("cuda"));
        Session session = again.newSession(10)) {
      assertThat(session.forward(1)).doesNotContain(Float.NaN);
    }
  }

  @Test
  void theModelMustFitTheDevice() throws IOException {
    Golden golden = Golden.load(CHECKPOINT);
    driver.machine(FakeDriver.CUDA_12_6, 1, 90, 1000);
    assertThatThrownBy(() -> Engine.load(golden.folder(), options("cuda")))
        .isInstanceOf(MemoryBudgetException.class)
        .hasMessageContaining("for the weights on fake device");
    try (Engine engine = Engine.load(golden.folder(), options("auto"))) {
      assertThat(engine.description()).startsWith("CPU");
    }
  }

  @Test
  void theBudgetOfCachesIsTheDevices() throws IOException {
    Golden golden = Golden.load(CHECKPOINT);
    driver.machine(FakeDriver.CUDA_12_6, 1, 90, 64 << 20);
    try (Engine engine = Engine.load(golden.folder(), options("cuda"))) {
      assertThatThrownBy(() -> engine.newSession(1_000_000))
          .isInstanceOf(MemoryBudgetException.class)
          .hasMessageContaining("for 1000000 tokens");
    }
  }
}
