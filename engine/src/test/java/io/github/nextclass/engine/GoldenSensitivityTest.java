package io.github.nextclass.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Mistakes that the golden checkpoints are there to find do move their logits. */
class GoldenSensitivityTest {
  private static final double VISIBLE = 100 * GoldenParityTest.TOLERANCE;

  @TempDir private Path temporary;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gqa-tied-bf16  | rope_theta          | 10000",
        "mqa-f16        | rope_theta          | 1000000",
        "yarn           | rope_parameters     | {\"rope_type\": \"default\", \"rope_theta\": 10000}",
        "yarn           | rope_parameters     | {\"rope_type\": \"linear\", \"rope_theta\": 10000, \"factor\": 4.0}",
        "bias           | attention_bias      | false",
        "bias           | rms_norm_eps        | 1e-6",
        "bias           | rope_parameters     | {\"rope_theta\": 1000000}",
        "llama3         | rope_scaling        | null",
        "llama3         | rope_scaling        | {\"rope_type\": \"linear\", \"factor\": 4.0}",
      })
  void anotherConfigGivesOtherLogits(String name, String key, String value) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(name);
    CheckpointEditor edited = CheckpointEditor.copy(name, temporary).set(key, value);
    GoldenCheckpoint other =
        new GoldenCheckpoint(
            edited.folder(), golden.tokenIds(), golden.logits(), golden.greedy(), golden.steps());
    float[][] logits = GoldenParityTest.logits(other, EngineOptions.defaults());
    double error =
        GoldenCheckpoint.relativeError(
            GoldenParityTest.joined(List.of(logits)),
            GoldenParityTest.joined(List.of(golden.logits())));
    assertThat(error).isGreaterThan(VISIBLE);
  }
}
