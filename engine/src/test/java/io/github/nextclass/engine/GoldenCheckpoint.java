package io.github.nextclass.engine;

import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * A tiny checkpoint and what transformers computes from it; {@code golden/README.md} describes the
 * tensors.
 *
 * @param folder the checkpoint
 * @param tokenIds the input
 * @param logits the scores after each position {@code [positions][vocabSize]}
 * @param greedy the ids that follow the first {@link #GREEDY_PROMPT} of the input
 * @param steps every step of a pass over the first ids, by name {@code [tokens * features]}; empty
 *     for most checkpoints
 */
record GoldenCheckpoint(
    Path folder, int[] tokenIds, float[][] logits, int[] greedy, Map<String, float[]> steps) {

  static final Path ROOT = Path.of("src/test/resources/golden");
  static final String WITH_STEPS = "gqa-tied-bf16";
  static final List<String> NAMES =
      List.of(
          WITH_STEPS, "mha-untied-f32", "mqa-f16", "yarn", "bias", "sharded", "noprefix", "llama3");
  static final List<String> QUANTIZED =
      List.of(
          "fp8",
          "fp8-f32-scales",
          "gptq-int4-v1",
          "gptq-int4-v2-act",
          "gptq-int8-v2-labelled-v1",
          "gptq-int8-v1-act",
          "gptq-int4-asym",
          "awq");

  /** As many ids as the script continued from. */
  static final int GREEDY_PROMPT = 5;

  static GoldenCheckpoint load(String name) throws IOException {
    Path folder = ROOT.resolve(name);
    try (TensorSource expected = Safetensors.open(folder.resolve("expected.safetensors"))) {
      Tensor logits = expected.tensor("logits");
      int vocabSize = Math.toIntExact(logits.shape()[1]);
      float[] all = logits.toFloatArray();
      float[][] rows =
          IntStream.range(0, all.length / vocabSize)
              .mapToObj(i -> Arrays.copyOfRange(all, i * vocabSize, (i + 1) * vocabSize))
              .toArray(float[][]::new);
      Map<String, float[]> steps = new HashMap<>();
      for (String step : expected.names()) {
        if (!List.of("logits", "token_ids", "greedy").contains(step)) {
          steps.put(step, expected.tensor(step).toFloatArray());
        }
      }
      return new GoldenCheckpoint(
          folder, ints(expected.tensor("token_ids")), rows, ints(expected.tensor("greedy")), steps);
    }
  }

  float[] step(String name) {
    return Objects.requireNonNull(steps.get(name), name);
  }

  private static int[] ints(Tensor tensor) {
    return IntStream.range(0, Math.toIntExact(tensor.elementCount()))
        .map(i -> Math.toIntExact(tensor.longAt(i)))
        .toArray();
  }

  /** {@code |actual - expected| / |expected|}, Euclidean; NaN where {@code actual} holds a NaN. */
  static double relativeError(float[] actual, float[] expected) {
    if (actual.length != expected.length) {
      throw new AssertionError("found " + actual.length + " values, expected " + expected.length);
    }
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      difference += Math.pow((double) actual[i] - expected[i], 2);
      norm += Math.pow(expected[i], 2);
    }
    return Math.sqrt(difference / norm);
  }

  /** The best class; of equal ones the lowest. */
  static int best(float[] logits) {
    return IntStream.range(0, logits.length)
        .reduce((a, b) -> logits[b] > logits[a] ? b : a)
        .orElseThrow();
  }
}
