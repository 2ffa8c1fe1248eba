package io.github.nextclass.cuda;

import io.github.nextclass.engine.Session;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The engine's tiny checkpoints and what transformers computes from them.
 *
 * @param folder the checkpoint
 * @param tokenIds the input
 * @param logits the scores after each position {@code [positions][vocabSize]}
 */
record Golden(Path folder, int[] tokenIds, float[][] logits) {
  static final Path ROOT = Path.of("../engine/src/test/resources/golden");
  static final List<String> NAMES =
      List.of("gqa-tied-bf16", "mha-untied-f32", "mqa-f16", "yarn", "bias", "sharded", "noprefix");

  /** What the engine's own tests demand of the CPU. */
  static final double TOLERANCE = 1e-5;

  /** Where tensor cores work, which see activations to 2^-17. */
  static final double TENSOR_CORES_TOLERANCE = 5e-5;

  /**
   * What its logits may differ by in passes of so many tokens: linear layers run on tensor cores if
   * the weights are BF16, and attention of more than 8 tokens always.
   */
  double tolerance(int chunk) {
    boolean isBf16 = !folder.getFileName().toString().matches(".*-f(16|32)");
    return isBf16 || chunk > 8 ? TENSOR_CORES_TOLERANCE : TOLERANCE;
  }

  static Golden load(String name) throws IOException {
    Path folder = ROOT.resolve(name);
    try (TensorSource expected = Safetensors.open(folder.resolve("expected.safetensors"))) {
      Tensor ids = expected.tensor("token_ids");
      Tensor logits = expected.tensor("logits");
      int vocabSize = Math.toIntExact(logits.shape()[1]);
      float[] all = logits.toFloatArray();
      return new Golden(
          folder,
          IntStream.range(0, Math.toIntExact(ids.elementCount()))
              .map(i -> Math.toIntExact(ids.longAt(i)))
              .toArray(),
          IntStream.range(0, all.length / vocabSize)
              .mapToObj(i -> Arrays.copyOfRange(all, i * vocabSize, (i + 1) * vocabSize))
              .toArray(float[][]::new));
    }
  }

  static float[][] allLogits(Session session, int... tokenIds) {
    List<float[]> all = new ArrayList<>();
    session.forward(tokenIds, (position, scores) -> all.add(scores));
    return all.toArray(float[][]::new);
  }

  /** The greatest over the positions of {@code |actual - expected| / |expected|}, Euclidean. */
  static double relativeError(float[][] actual, float[][] expected) {
    if (actual.length != expected.length) {
      throw new AssertionError("found " + actual.length + " rows, expected " + expected.length);
    }
    double greatest = 0;
    for (int i = 0; i < actual.length; i++) {
      double difference = 0;
      double norm = 0;
      for (int j = 0; j < expected[i].length; j++) {
        difference += Math.pow((double) actual[i][j] - expected[i][j], 2);
        norm += Math.pow(expected[i][j], 2);
      }
      double error = Math.sqrt(difference / norm);
      if (!(error <= greatest)) { // NaN too
        greatest = error;
      }
    }
    return greatest;
  }
}
