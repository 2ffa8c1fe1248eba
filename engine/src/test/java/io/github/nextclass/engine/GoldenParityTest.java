package io.github.nextclass.engine;

import static io.github.nextclass.engine.GoldenCheckpoint.GREEDY_PROMPT;
import static io.github.nextclass.engine.GoldenCheckpoint.WITH_STEPS;
import static io.github.nextclass.engine.GoldenCheckpoint.best;
import static io.github.nextclass.engine.GoldenCheckpoint.relativeError;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.Step;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every way to run a model owes: the numbers of Hugging Face transformers, from the same
 * weights. One subclass for each way.
 */
abstract class GoldenParityTest {
  /**
   * Both sides round to 32 bits after every operation, in different orders of summation. Against
   * 64-bit arithmetic the reference itself is some 2e-6 away; a mistake in the model is 1e-3 and
   * more ({@link GoldenSensitivityTest}).
   */
  static final double TOLERANCE = 1e-5;

  /** How the engine is to run. */
  abstract EngineOptions options();

  /** The backend that the engine makes from {@link #options}. */
  abstract Backend backend(Qwen3Config config);

  static Stream<String> checkpoints() {
    return Stream.concat(GoldenCheckpoint.NAMES.stream(), GoldenCheckpoint.QUANTIZED.stream());
  }

  @ParameterizedTest
  @MethodSource("checkpoints")
  void logitsOfEveryPositionAreThoseOfTheReference(String name) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(name);
    float[][] logits = logits(golden, options());
    assertThat(logits.length).isEqualTo(golden.logits().length);
    for (int i = 0; i < logits.length; i++) {
      assertThat(relativeError(logits[i], golden.logits()[i]))
          .as("relative L2 error at position %d", i)
          .isLessThanOrEqualTo(TOLERANCE);
      assertThat(best(logits[i]))
          .as("best class at position %d", i)
          .isEqualTo(best(golden.logits()[i]));
    }
  }

  @ParameterizedTest
  @MethodSource("checkpoints")
  void greedyIdsAreThoseOfTheReference(String name) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(name);
    try (Engine engine = Engine.load(golden.folder(), options());
        Session session = engine.newSession(GREEDY_PROMPT + golden.greedy().length)) {
      int[] greedy = new int[golden.greedy().length];
      greedy[0] = best(session.forward(Arrays.copyOf(golden.tokenIds(), GREEDY_PROMPT)));
      for (int i = 1; i < greedy.length; i++) {
        greedy[i] = best(session.forward(greedy[i - 1]));
      }
      assertThat(greedy).containsExactly(golden.greedy());
    }
  }

  /** Every sum has one order, whoever computes it: not one bit may differ. */
  @ParameterizedTest
  @MethodSource("checkpoints")
  void chunksStepsAndThreadsDoNotShow(String name) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(name);
    int positions = golden.tokenIds().length;
    float[][] whole = logits(golden, options().withThreads(1).withPrefillChunk(positions));
    for (int chunk : List.of(1, 2, 7, positions - 1)) {
      assertThat(logits(golden, options().withPrefillChunk(chunk)))
          .as("in passes of %d", chunk)
          .isDeepEqualTo(whole);
    }
    assertThat(logits(golden, options().withThreads(3))).as("on 3 threads").isDeepEqualTo(whole);
    try (Engine engine = Engine.load(golden.folder(), options());
        Session session = engine.newSession(positions)) {
      for (int i = 0; i < positions; i++) {
        assertThat(session.forward(golden.tokenIds()[i]))
            .as("step %d", i)
            .containsExactly(whole[i]);
      }
    }
  }

  /** If logits are wrong, this names the first operation that is. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void everyStepIsThatOfTheReference(int rowsInAPass) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(WITH_STEPS);
    Qwen3Config config = Qwen3Config.read(golden.folder().resolve("config.json"));
    int tokens = golden.step("norm").length / config.hiddenSize();
    Map<String, List<float[]>> recorded = new LinkedHashMap<>();
    try (TensorSource tensors = Safetensors.open(golden.folder());
        RecordingBackend backend = new RecordingBackend(backend(config));
        var cache = backend.kvCache(tokens)) {
      Qwen3Weights weights =
          Qwen3Weights.load(golden.folder(), tensors, config, backend, null, bytes -> {});
      Qwen3 transformer = new Qwen3(config, weights, backend);
      Activations activations = new Activations(config, backend, rowsInAPass);
      for (int from = 0; from < tokens; from += rowsInAPass) {
        backend.forget();
        Step step =
            new Step(
                Arrays.copyOfRange(golden.tokenIds(), from, from + rowsInAPass),
                IntStream.range(from, from + rowsInAPass).toArray(),
                List.of(new Step.Segment(cache, 0, rowsInAPass, from)));
        transformer.body(step, activations);
        transformer.head(
            Objects.requireNonNull(weights.lmHead()),
            IntStream.range(0, rowsInAPass).toArray(),
            activations);
        backend
            .steps()
            .forEach(
                (name, rows) -> recorded.computeIfAbsent(name, n -> new ArrayList<>()).add(rows));
      }
    }
    assertThat(recorded.keySet()).containsExactlyInAnyOrderElementsOf(golden.steps().keySet());
    recorded.forEach( // in the order of computation
        (name, parts) ->
            assertThat(relativeError(joined(parts), golden.step(name)))
                .as("relative L2 error of %s", name)
                .isLessThanOrEqualTo(TOLERANCE));
  }

  static float[][] logits(GoldenCheckpoint golden, EngineOptions options) throws IOException {
    try (Engine engine = Engine.load(golden.folder(), options);
        Session session = engine.newSession(golden.tokenIds().length)) {
      List<float[]> rows = new ArrayList<>();
      session.forward(
          golden.tokenIds(),
          (position, logits) -> {
            assertThat(position).isEqualTo(rows.size());
            rows.add(logits);
          });
      return rows.toArray(float[][]::new);
    }
  }

  static float[] joined(List<float[]> parts) {
    float[] all = new float[parts.stream().mapToInt(part -> part.length).sum()];
    int at = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }
}
