package io.github.nextclass.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nextclass.engine.QuantizationConfig.Awq;
import io.github.nextclass.engine.QuantizationConfig.Fp8;
import io.github.nextclass.engine.QuantizationConfig.Gptq;
import io.github.nextclass.safetensors.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What quantised checkpoints owe beside the reference's numbers, which {@link GoldenParityTest}
 * asks of them as of all.
 */
class QuantizedCheckpointTest {
  private static final EngineOptions OPTIONS = EngineOptions.defaults().withThreads(2);

  static Stream<String> checkpoints() {
    return GoldenCheckpoint.QUANTIZED.stream();
  }

  @ParameterizedTest
  @MethodSource("checkpoints")
  void scalarAndVectorCodeAgreeToTheBit(String name) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(name);
    float[][] vector =
        GoldenParityTest.logits(golden, OPTIONS.withPrimitives(PrimitivesChoice.VECTOR));
    assertThat(GoldenParityTest.logits(golden, OPTIONS.withPrimitives(PrimitivesChoice.SCALAR)))
        .isDeepEqualTo(vector);
    assertThat(GoldenParityTest.logits(golden, OPTIONS.withStorage(Storage.COPY)))
        .as("copied")
        .isDeepEqualTo(vector);
  }

  @ParameterizedTest
  @MethodSource("checkpoints")
  void sequencesInABatchAreAsAlone(String name) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(name);
    int[] tokens = golden.tokenIds();
    try (Engine engine = Engine.load(golden.folder(), OPTIONS)) {
      List<Session> batch = new ArrayList<>();
      List<float[]> alone = new ArrayList<>();
      int[] last = new int[9];
      for (int i = 0; i < last.length; i++) {
        int[] prompt = Arrays.copyOf(tokens, i + 1);
        last[i] = tokens[i + 1];
        Session session = engine.newSession(20);
        alone.add(session.forward(Arrays.copyOf(tokens, i + 2)));
        session.truncate(0);
        session.append(prompt);
        batch.add(session);
      }
      float[][] together = engine.forwardTogether(batch, last);
      for (int i = 0; i < last.length; i++) {
        assertThat(together[i]).as("sequence %d", i).containsExactly(alone.get(i));
      }
    }
  }

  @Test
  void theConfigSaysHow() throws IOException {
    assertThat(quantization("gqa-tied-bf16")).isNull();
    assertThat(quantization("fp8")).isEqualTo(new Fp8());
    assertThat(quantization("awq")).isEqualTo(new Awq(128));
    assertThat(quantization("gptq-int4-v1")).isEqualTo(new Gptq(4, 128, true, false, false));
    assertThat(quantization("gptq-int4-v2-act")).isEqualTo(new Gptq(4, 32, true, true, true));
    assertThat(quantization("gptq-int4-asym"))
        .isEqualTo(new Gptq(4, -1, false, false, false))
        .hasToString("gptq (4 bits, one group a row, asymmetric)");
  }

  private static @Nullable QuantizationConfig quantization(String name) throws IOException {
    return Qwen3Config.read(GoldenCheckpoint.ROOT.resolve(name).resolve("config.json"))
        .quantization();
  }

  /** Copies of levels, and for each output and group a float and a byte. */
  @ParameterizedTest
  @CsvSource({"gqa-tied-bf16, 0", "fp8, 0", "gptq-int4-v1, 105984", "awq, 105984"})
  void copiesAreCounted(String name, long bytes) throws IOException {
    try (Engine engine = Engine.load(GoldenCheckpoint.ROOT.resolve(name), OPTIONS)) {
      assertThat(engine.copiedWeightBytes()).isEqualTo(bytes);
    }
  }

  @Test
  void copiesAreReservedBeforeTheyAreMade() {
    assertThatThrownBy(() ->
            Engine.load(GoldenCheckpoint.ROOT.resolve("awq"), OPTIONS.withMemoryBudgetBytes(1000)))
        .isInstanceOf(MemoryBudgetException.class)
        .hasMessageContaining("to bring quantised weights into row order, budget 0.00 GiB");
  }
}
