package io.github.nextclass.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nextclass.engine.Qwen3Config;
import io.github.nextclass.engine.backend.Buffer;
import io.github.nextclass.engine.backend.KvCache;
import io.github.nextclass.engine.backend.Linear;
import io.github.nextclass.engine.backend.Rope;
import io.github.nextclass.engine.backend.Step;
import io.github.nextclass.engine.backend.Weight;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What goes to the driver, and in which order. */
class LaunchPlanTest {
  private static final Path CHECKPOINT = Golden.ROOT.resolve("gqa-tied-bf16");

  /** So many that their angles do not fit the first memory of the tables. */
  private static final int ROWS = 512;

  /** A layer with the shapes of the model, asked for as the engine does. */
  private static final class Pass implements AutoCloseable {
    final RecordingApi api;
    final CudaBackend backend;
    final Qwen3Config config;
    final KvCache cache;
    private final TensorSource tensors;
    private final Weight norm;
    private final Weight headNorm;
    private final Weight square;
    private final Buffer x;
    private final Buffer normed;
    private final Buffer q;
    private final Buffer k;
    private final Buffer v;
    private final Buffer out;

    Pass(int computeCapability, boolean fuses) throws IOException {
      api = new RecordingApi(12060, 1, computeCapability);
      config = Qwen3Config.read(CHECKPOINT.resolve("config.json"));
      backend =
          new CudaBackend(api, api.device(0), config, 16, CudaBackend.Tuning.ALL.withFuses(fuses));
      tensors = Safetensors.open(CHECKPOINT);
      norm = weight("input_layernorm");
      headNorm = weight("self_attn.q_norm");
      square = weight("self_attn.k_proj");
      int hidden = config.hiddenSize();
      x = backend.buffer(ROWS, hidden);
      normed = backend.buffer(ROWS, hidden);
      q = backend.buffer(ROWS, config.queryWidth());
      k = backend.buffer(ROWS, config.keyValueWidth());
      v = backend.buffer(ROWS, config.keyValueWidth());
      out = backend.buffer(ROWS, hidden);
      cache = backend.kvCache(1000);
      api.calls.clear();
    }

    private Weight weight(String name) throws IOException {
      return backend.weight(tensors.tensor("model.layers.0." + name + ".weight"));
    }

    void layer(int tokens, int position) {
      layer(
          new Step(
              new int[tokens],
              IntStream.range(position, position + tokens).toArray(),
              List.of(new Step.Segment(cache, 0, tokens, position))));
    }

    /** A token of each of several sequences. */
    void batch(int sequences) {
      layer(
          new Step(
              new int[sequences],
              new int[sequences],
              IntStream.range(0, sequences)
                  .mapToObj(i -> new Step.Segment(backend.kvCache(64), i, 1, 0))
                  .toList()));
    }

    private void layer(Step step) {
      int tokens = step.tokens();
      Linear linear = new Linear(square, null);
      Rope rope = config.ropeParameters().rope(config.headDim());
      backend.embed(square, step, x);
      backend.rmsNorm(x, norm, 1e-6f, tokens, normed);
      backend.linears(List.of(linear, linear, linear), normed, tokens, List.of(q, k, v));
      backend.rmsNorm(q, headNorm, 1e-6f, tokens, q);
      backend.rmsNorm(k, headNorm, 1e-6f, tokens, k);
      backend.rope(q, rope, step);
      backend.rope(k, rope, step);
      backend.appendToCache(0, k, v, step);
      backend.attention(0, q, step, q);
      backend.linear(linear, q, tokens, out);
      backend.add(x, out, tokens);
      backend.rmsNorm(x, norm, 1e-6f, tokens, normed);
      backend.linears(List.of(linear, linear), normed, tokens, List.of(q, k));
      backend.siluMul(q, k, tokens);
      backend.linear(linear, q, tokens, out);
      backend.add(x, out, tokens);
      backend.finishPass();
    }

    @Override
    public void close() throws IOException {
      tensors.close();
      backend.close();
    }
  }

  @Test
  void aDecodeStepIsFiveKernelsALayer() throws IOException {
    try (Pass pass = new Pass(80, true)) {
      pass.layer(1, 0);
      assertThat(pass.api.calls)
          .containsExactly(
              "copyToDevice",
              "launch embed_bf16",
              "launch decode_in_turns_1_8",
              "launch attention_64",
              "launch decode_in_turns_1_8",
              "launch decode_gated_in_turns_4_8",
              "launch decode_in_turns_1_8");
    }
  }

  @Test
  void withoutFusingEachOperationIsAKernel() throws IOException {
    try (Pass pass = new Pass(80, false)) {
      pass.layer(1, 0);
      assertThat(pass.api.calls)
          .containsExactly(
              "copyToDevice",
              "launch embed_bf16",
              "launch rms_norm",
              "launch decode_in_turns_1_8",
              "launch head_norm",
              "launch head_norm",
              "launch rope",
              "launch rope",
              "launch append_to_cache",
              "launch attention_64",
              "launch decode_in_turns_1_8",
              "launch add",
              "launch rms_norm",
              "launch decode_in_turns_1_8",
              "launch silu_mul",
              "launch decode_in_turns_1_8",
              "launch add");
    }
  }

  @Test
  void theSecondStepIsCapturedAndTheThirdIsOneCall() throws IOException {
    try (Pass pass = new Pass(80, true)) {
      pass.layer(1, 0);
      pass.api.calls.clear();
      pass.layer(1, 1);
      assertThat(pass.api.calls).startsWith("copyToDevice", "capture embed_bf16").endsWith("graph");
      pass.api.calls.clear();
      pass.layer(1, 2);
      assertThat(pass.api.calls).containsExactly("copyToDevice", "graph");
    }
  }

  /** The tables of each lie in main memory until they are copied. */
  @Test
  void sixteenStepsRunBeforeAnybodyWaits() throws IOException {
    try (Pass pass = new Pass(80, true)) {
      for (int position = 0; position < PassTables.SLOTS; position++) {
        pass.layer(1, position);
      }
      assertThat(pass.api.calls).doesNotContain("synchronize");
      pass.layer(1, PassTables.SLOTS);
      assertThat(pass.api.calls).containsOnlyOnce("synchronize");
    }
  }

  /** The second norm of the layer is the last one of the pass, and somebody may want its result. */
  @Test
  void aBatchIsFiveKernelsALayer() throws IOException {
    for (int sequences : new int[] {9, 16, 32, 64}) {
      try (Pass pass = new Pass(90, true)) {
        pass.batch(sequences);
        String batch = "launch batch_" + (sequences <= 16 ? 16 : 32) + " overlapping";
        assertThat(pass.api.calls)
            .as("%d sequences", sequences)
            .containsExactly(
                "copyToDevice",
                "launch embed_bf16",
                batch,
                "launch attention_64 overlapping",
                batch,
                "launch rms_norm overlapping",
                batch,
                batch);
      }
    }
  }

  @Test
  void aBatchOnADeviceWithoutClustersDoesNotTakeTheGate() throws IOException {
    try (Pass pass = new Pass(80, true)) {
      pass.batch(32);
      assertThat(pass.api.calls)
          .containsExactly(
              "copyToDevice",
              "launch embed_bf16",
              "launch batch_narrow_32",
              "launch attention_64",
              "launch batch_narrow_32",
              "launch rms_norm",
              "launch batch_narrow_32",
              "launch silu_mul",
              "launch batch_narrow_32");
    }
  }

  @Test
  void aPromptIsTenKernelsALayer() throws IOException {
    try (Pass pass = new Pass(80, true)) {
      pass.layer(70, 0);
      assertThat(pass.api.calls)
          .containsExactly(
              "copyToDevice",
              "launch embed_bf16",
              "launch split_norm",
              "launch gemm_64_64",
              "launch prepare_attention_64",
              "launch prefill_attention_64",
              "launch gemm_64_64",
              "launch split_norm",
              "launch gemm_64_64",
              "launch silu_mul",
              "launch gemm_64_64");
    }
  }

  /** Gate, up and SwiGLU are one; nobody splits between the others. */
  @Test
  void aPromptOnHopperIsEightKernelsALayer() throws IOException {
    try (Pass pass = new Pass(90, true)) {
      pass.layer(70, 0);
      assertThat(pass.api.calls.stream().map(call -> call.replace(" overlapping", "")))
          .containsExactly(
              "copyToDevice",
              "launch embed_bf16",
              "launch split_norm",
              "launch hopper_gemm_64_64",
              "launch prepare_attention_64",
              "launch hopper_attention_64",
              "launch hopper_gemm_64_64",
              "launch split_norm",
              "launch hopper_gemm_64_64",
              "launch hopper_gemm_64_64");
    }
  }

  /** Without what is only there for many rows of one sequence, and with a graph as before. */
  @Test
  void roomForAttentionIsTakenOnceForALongTime() throws IOException {
    try (Pass pass = new Pass(80, true)) {
      pass.layer(1, 0);
      int held = pass.api.heldCount();
      pass.layer(70, 1);
      assertThat(pass.api.heldCount()).isGreaterThan(held);
      for (int position = 71; position < 700; position += 70) {
        pass.api.calls.clear();
        pass.layer(70, position);
        assertThat(pass.api.calls).last().isEqualTo("graph");
      }
    }
  }

  @Test
  void kernelsOverlapFromHopperOn() throws IOException {
    try (Pass pass = new Pass(90, true)) {
      pass.layer(1, 0);
      assertThat(pass.api.calls)
          .contains("launch embed_bf16")
          .contains("launch attention_64 overlapping");
    }
  }

  @Test
  void tablesThatOutgrowTheirMemoryMakeNewPlans() throws IOException {
    try (Pass pass = new Pass(80, true)) {
      pass.layer(1, 0);
      pass.layer(1, 1);
      pass.layer(ROWS, 2);
      pass.api.calls.clear();
      pass.layer(1, 2 + ROWS);
      assertThat(pass.api.calls).contains("launch attention_64").doesNotContain("graph");
    }
  }

  @Test
  void closingFreesEverything() throws IOException {
    RecordingApi api;
    try (Pass pass = new Pass(90, true)) {
      api = pass.api;
      for (int position = 0; position < 200; position++) {
        pass.layer(1, position);
      }
      assertThat(api.heldCount()).isPositive();
    }
    assertThat(api.heldCount()).isZero();
  }
}
