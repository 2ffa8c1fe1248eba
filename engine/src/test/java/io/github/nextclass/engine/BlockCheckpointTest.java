package io.github.nextclass.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.Storage;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** q8 and q4: made while loading, written and read again, and made by somebody else. */
class BlockCheckpointTest {
  private static final EngineOptions OPTIONS =
      EngineOptions.defaults().withThreads(2).withBackend(EngineOptions.CPU);
  private static final Path FLOATS = GoldenCheckpoint.ROOT.resolve("gqa-tied-bf16");

  @TempDir private Path parent;

  /**
   * The reference packs, dequantises and rounds inputs in code of its own. Its script takes care
   * that no input is so near the middle of two levels that the last bit of a sum would decide.
   */
  @ParameterizedTest
  @ValueSource(strings = {"q4", "q8"})
  void logitsAreThoseOfTheReference(String name) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(name);
    float[][] logits = GoldenParityTest.logits(golden, OPTIONS);
    for (int i = 0; i < logits.length; i++) {
      assertThat(GoldenCheckpoint.relativeError(logits[i], golden.logits()[i]))
          .as("position %d", i)
          .isLessThan(1e-5);
      assertThat(GoldenCheckpoint.best(logits[i]))
          .isEqualTo(GoldenCheckpoint.best(golden.logits()[i]));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"q4", "q8"})
  void threadsChunksStorageAndPrimitivesDoNotShow(String name) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(name);
    float[][] expected = GoldenParityTest.logits(golden, OPTIONS);
    for (EngineOptions options :
        List.of(
            OPTIONS.withPrimitives(PrimitivesChoice.SCALAR),
            OPTIONS.withStorage(Storage.COPY),
            OPTIONS.withThreads(1),
            OPTIONS.withThreads(3).withPrefillChunk(1),
            OPTIONS.withPrefillChunk(5))) {
      assertThat(GoldenParityTest.logits(golden, options))
          .as(options.toString())
          .isDeepEqualTo(expected);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"q4", "q8"})
  void sequencesInABatchAreAsAlone(String name) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(name);
    int[] tokens = golden.tokenIds();
    try (Engine engine = Engine.load(golden.folder(), OPTIONS)) {
      List<Session> batch = new ArrayList<>();
      List<float[]> alone = new ArrayList<>();
      int[] last = new int[9];
      for (int i = 0; i < last.length; i++) {
        last[i] = tokens[i + 1];
        Session session = engine.newSession(20);
        alone.add(session.forward(Arrays.copyOf(tokens, i + 2)));
        session.truncate(0);
        session.append(Arrays.copyOf(tokens, i + 1));
        batch.add(session);
      }
      float[][] together = engine.forwardTogether(batch, last);
      for (int i = 0; i < last.length; i++) {
        assertThat(together[i]).as("sequence %d", i).containsExactly(alone.get(i));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"q4", "q8"})
  void someClassesHaveTheScoresThatTheyHaveAmongAll(String name) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(name);
    try (Engine engine = Engine.load(golden.folder(), OPTIONS);
        Session session = engine.newSession(20)) {
      float[] all = session.forward(golden.tokenIds());
      session.truncate(0);
      int[] classes = {39, 3, 0, 17};
      float[] some = session.forward(golden.tokenIds(), engine.lmHead(classes));
      for (int i = 0; i < classes.length; i++) {
        assertThat(some[i]).isEqualTo(all[classes[i]]);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"Q4", "Q8"})
  void whatIsWrittenIsWhatIsMadeWhileLoading(WeightFormat format) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load("gqa-tied-bf16");
    AtomicLong done = new AtomicLong();
    AtomicLong total = new AtomicLong();
    LoadProgress progress =
        (now, all) -> {
          assertThat(now).isGreaterThan(done.getAndSet(now));
          total.set(all);
        };
    float[] made;
    try (Engine engine = Engine.load(FLOATS, OPTIONS.withWeights(format), progress);
        Session session = engine.newSession(20)) {
      made = session.forward(golden.tokenIds());
      assertThat(engine.copiedWeightBytes()).isPositive();
    }
    assertThat(done.get()).isPositive().isEqualTo(total.get());

    Path target = parent.resolve("written");
    CheckpointQuantizer.quantize(FLOATS, format, target, 3, LoadProgress.NONE);
    try (TensorSource tensors = Safetensors.open(target)) {
      Tensor first = tensors.tensor("model.embed_tokens.weight");
      assertThat(first.segment().address() % 64).as("data begins at a cache line").isZero();
    }
    assertThat(Qwen3Config.read(target.resolve("config.json")).quantization())
        .isEqualTo(new QuantizationConfig.Blocks(format == WeightFormat.Q4 ? 4 : 8));
    try (Engine engine = Engine.load(target, OPTIONS);
        Session session = engine.newSession(20)) {
      assertThat(engine.copiedWeightBytes()).isZero();
      assertThat(session.forward(golden.tokenIds())).containsExactly(made);
    }
  }

  @Test
  void aFolderThatIsNotEmptyIsLeftAlone() throws IOException {
    Files.writeString(parent.resolve("precious.txt"), "mine");
    assertThatThrownBy(() ->
            CheckpointQuantizer.quantize(FLOATS, WeightFormat.Q4, parent, 1, LoadProgress.NONE))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("is not empty, expected a new folder");
  }

  @Test
  void whatIsQuantisedIsNotQuantisedAgain() {
    for (String name : List.of("q8", "fp8")) {
      Path folder = GoldenCheckpoint.ROOT.resolve(name);
      assertThatThrownBy(() -> Engine.load(folder, OPTIONS.withWeights(WeightFormat.Q4)))
          .isInstanceOf(ModelFormatException.class)
          .hasMessageContaining("is quantised already");
    }
  }

  @Test
  void theBudgetCountsWhatIsMade() {
    assertThatThrownBy(() ->
            Engine.load(FLOATS, OPTIONS.withWeights(WeightFormat.Q8).withMemoryBudgetBytes(1000)))
        .isInstanceOf(MemoryBudgetException.class)
        .hasMessageContaining("to quantise the weights");
  }

  @Test
  void damageIsNamed() throws IOException {
    CheckpointEditor editor = CheckpointEditor.copy("q4", parent);
    editor.set("quantization_config", "{\"quant_method\": \"nextclass\", \"format\": \"q3\"}");
    assertRefused("format is q3, expected q4 or q8");
    editor.set("quantization_config", "{\"quant_method\": \"nextclass\", \"format\": \"q8\"}");
    assertRefused("config.json says [2, 4, 1088]");
    editor.set("quantization_config", "{\"quant_method\": \"nextclass\", \"format\": \"q4\"}");
    editor.replace("model.layers.0.mlp.down_proj.weight", DType.U8, 4, 6, 577);
    assertRefused("model.layers.0.mlp.down_proj.weight has shape [4, 6, 577]");
    editor.rewrite((writer, tensor) -> {
      byte[] bytes = tensor.segment().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
      if (tensor.name().equals("lm_head.weight")) {
        bytes[575] = 0x7f; // the upper half of the last scale of the first block
        bytes[574] = (byte) 0xff;
      }
      if (!tensor.name().equals("model.layers.0.mlp.down_proj.weight")) {
        writer.add(tensor.name(), tensor.dtype(), tensor.shape(), bytes);
      } else {
        writer.add(tensor.name(), tensor.dtype(), new long[] {4, 6, 576}, new byte[4 * 6 * 576]);
      }
    });
    assertRefused("lm_head.weight has a scale in block 0 that is infinite or NaN");
  }

  private void assertRefused(String message) {
    assertThatThrownBy(() -> Engine.load(parent.resolve("q4"), OPTIONS))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(message);
  }
}
