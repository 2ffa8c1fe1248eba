package io.github.nextclass.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.Session;
import io.github.nextclass.engine.WeightFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The same on a real GPU; skipped where there is none. */
@Tag("gpu")
class OnGpuTest {
  @BeforeEach
  void needsAGpu() {
    String obstacle = new CudaBackendProvider().obstacle().orElse(null);
    assumeTrue(obstacle == null, () -> "no GPU: " + obstacle);
  }

  private static EngineOptions options(String backend) {
    return EngineOptions.defaults().withBackend(backend);
  }

  static Stream<Arguments> waysToRun() {
    return Golden.NAMES.stream()
        .flatMap(name ->
            Stream.of("cuda", PlainProvider.UNFUSED, PlainProvider.NO_OVERLAP)
                .flatMap(backend ->
                    Stream.of(1, 3, 7, 512).map(chunk -> Arguments.of(name, backend, chunk))));
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

  /** A race shows as a result that is not the same each time. */
  @Test
  void theSameTokensGiveTheSameBitsEachTime(@TempDir Path folder) throws IOException {
    new RandomCheckpoint(1024, 3072, 4, 16, 8, 128, 1000).write(folder, 1);
    int[] prompt = IntStream.range(0, 300).map(i -> i * 37 % 1000).toArray();
    try (Engine cpu = Engine.load(folder, options("cpu"));
        Engine engine = Engine.load(folder, options("cuda"));
        Session expected = cpu.newSession(400)) {
      float[][] scores = new float[50][];
      expected.append(prompt);
      for (int i = 0; i < scores.length; i++) {
        scores[i] = expected.forward(i);
      }
      float[][] first = null;
      for (int run = 0; run < 20; run++) {
        float[][] found = new float[scores.length][];
        try (Session session = engine.newSession(400)) {
          session.append(prompt);
          for (int i = 0; i < found.length; i++) {
            found[i] = session.forward(i);
          }
        }
        assertThat(Golden.relativeError(found, scores))
            .isLessThanOrEqualTo(Golden.TENSOR_CORES_TOLERANCE);
        first = first == null ? found : first;
        assertThat(found).as("run %d", run).isDeepEqualTo(first);
      }
    }
  }

  @Test
  void batchesAreAsOnTheCpu(@TempDir Path folder) throws IOException {
    new RandomCheckpoint(512, 1024, 3, 8, 4, 128, 1000).write(folder, 2);
    try (Engine cpu = Engine.load(folder, options("cpu"));
        Engine cuda = Engine.load(folder, options("cuda"))) {
      for (int size : List.of(1, 2, 5, 8, 9, 16, 17, 32, 33, 64, 100)) {
        List<Session> expected = new ArrayList<>();
        List<Session> actual = new ArrayList<>();
        for (int i = 0; i < size; i++) {
          expected.add(cpu.newSession(300));
          actual.add(cuda.newSession(300));
          int[] prompt = IntStream.range(0, 1 + 2 * i).map(j -> j * 31 % 1000).toArray();
          expected.get(i).append(prompt);
          actual.get(i).append(prompt);
        }
        int[] next = IntStream.range(0, size).toArray();
        for (int step = 0; step < 3; step++) {
          assertThat(
                  Golden.relativeError(
                      cuda.forwardTogether(actual, next), cpu.forwardTogether(expected, next)))
              .as("%d sequences", size)
              .isLessThanOrEqualTo(Golden.TENSOR_CORES_TOLERANCE);
        }
        expected.forEach(Session::close);
        actual.forEach(Session::close);
      }
    }
  }

  @Test
  void greedyStepsChooseWhatTheScoresSay(@TempDir Path folder) throws IOException {
    new RandomCheckpoint(512, 1024, 3, 8, 4, 128, 1000).write(folder, 3);
    try (Engine engine = Engine.load(folder, options("cuda"))) {
      for (int size : List.of(1, 5, 32)) {
        List<Session> batch = new ArrayList<>();
        List<int[]> prompts = new ArrayList<>();
        for (int i = 0; i < size; i++) {
          batch.add(engine.newSession(200));
          prompts.add(IntStream.range(0, 1 + i).map(j -> j * 31 % 1000).toArray());
        }
        int[][] chosen = engine.greedyTogether(batch, prompts, 40);
        for (int i = 0; i < size; i += 7) {
          batch.get(i).truncate(prompts.get(i).length);
          for (int step = 0; step + 1 < 40; step++) {
            float[] scores = batch.get(i).forward(chosen[i][step]);
            float best = scores[chosen[i][step + 1]];
            float most =
                (float) IntStream.range(0, 1000).mapToDouble(c -> scores[c]).max().orElseThrow();
            assertThat(most - best)
                .as("sequence %d of %d, step %d", i, size, step)
                .isLessThan(1e-3f);
          }
        }
        batch.forEach(Session::close);
      }
    }
  }

  @Test
  void severalSequencesOfSeveralTokensShareAPass(@TempDir Path folder) throws IOException {
    new RandomCheckpoint(512, 1024, 3, 8, 4, 128, 1000).write(folder, 4);
    try (Engine cpu = Engine.load(folder, options("cpu"));
        Engine cuda = Engine.load(folder, options("cuda"))) {
      for (int longest : List.of(2, 7, 40)) {
        List<Session> expected = new ArrayList<>();
        List<Session> actual = new ArrayList<>();
        List<int[]> tokens = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          expected.add(cpu.newSession(100));
          actual.add(cuda.newSession(100));
          tokens.add(IntStream.range(0, longest - i % 2).map(j -> j * 31 % 1000).toArray());
        }
        assertThat(
                Golden.relativeError(
                    cuda.forwardTogether(actual, tokens, cuda.lmHead()),
                    cpu.forwardTogether(expected, tokens, cpu.lmHead())))
            .isLessThanOrEqualTo(Golden.TENSOR_CORES_TOLERANCE);
        expected.forEach(Session::close);
        actual.forEach(Session::close);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 512})
  void weightsOf8BitsAreTheirDequantisedValues(int chunk, @TempDir Path folder) throws IOException {
    new RandomCheckpoint(512, 1024, 3, 8, 4, 128, 1000).writeOfLevels(folder, 5);
    int[] tokens = IntStream.range(0, 40).map(i -> i * 31 % 1000).toArray();
    EngineOptions q8 = options("cuda").withWeights(WeightFormat.Q8).withPrefillChunk(chunk);
    try (Engine cpu = Engine.load(folder, options("cpu"));
        Engine cuda = Engine.load(folder, q8);
        Session expected = cpu.newSession(40);
        Session actual = cuda.newSession(40)) {
      assertThat(
              Golden.relativeError(
                  Golden.allLogits(actual, tokens), Golden.allLogits(expected, tokens)))
          .isLessThanOrEqualTo(Golden.TENSOR_CORES_TOLERANCE);
    }
  }
}
