package io.github.nextclass.sampling;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Session;
import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a question with two answers costs beside the prefill of its text, and what batching brings,
 * at the shape of the 0.6B model with random weights, which are written to a temporary folder (1.2
 * GB).
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2)
@Measurement(iterations = 5)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class ClassificationBenchmark {
  private static final int VOCAB_SIZE = 151_936;
  private static final int LONG_TEXT = 200;
  private static final int SHORT_TEXTS = 64;
  private static final int SHORT_TEXT = 16;

  /** Fewer take less disk and time, but make the head look dearer than it is. */
  @Param("28")
  public int layers;

  private Path folder = Path.of("");

  @SuppressWarnings("NullAway.Init") // by setUp
  private Engine engine;

  @SuppressWarnings("NullAway.Init") // by setUp
  private ContinuationScorer twoLabels;

  private int[] longText = {};
  private List<int[]> shortTexts = List.of();

  /**
   * Writes the checkpoint and loads it.
   *
   * @throws IOException if there is no room
   */
  @Setup
  @SuppressWarnings("MustBeClosedChecker") // tearDown closes it
  public void setUp() throws IOException {
    folder = Files.createTempDirectory("nextclass-classification-benchmark-");
    writeCheckpoint();
    engine = Engine.load(folder);
    twoLabels = new ContinuationScorer(engine, List.of(new int[] {9693}, new int[] {2152}));
    Random random = new Random(1);
    longText = random.ints(LONG_TEXT, 0, VOCAB_SIZE).toArray();
    shortTexts =
        IntStream.range(0, SHORT_TEXTS)
            .mapToObj(i -> random.ints(SHORT_TEXT, 0, VOCAB_SIZE).toArray())
            .toList();
  }

  private void writeCheckpoint() throws IOException {
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"], "vocab_size": %d, "hidden_size": 1024,
         "intermediate_size": 3072, "num_hidden_layers": %d, "num_attention_heads": 16, "num_key_value_heads": 8,
         "head_dim": 128, "max_position_embeddings": 40960, "rope_theta": 1000000, "tie_word_embeddings": true}
        """
            .formatted(VOCAB_SIZE, layers));
    SafetensorsWriter writer = new SafetensorsWriter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(2L * VOCAB_SIZE * 1024); // every tensor begins alike
      Random random = new Random(2);
      for (long i = 0; i < values.byteSize() / 2; i++) {
        float value = 0.04f * (random.nextFloat() - 0.5f);
        values.setAtIndex(
            ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(value) >>> 16));
      }
      add(writer, values, "model.embed_tokens.weight", VOCAB_SIZE, 1024);
      for (int i = 0; i < layers; i++) {
        String layer = "model.layers." + i;
        add(writer, values, layer + ".input_layernorm.weight", 1024);
        add(writer, values, layer + ".post_attention_layernorm.weight", 1024);
        add(writer, values, layer + ".self_attn.q_norm.weight", 128);
        add(writer, values, layer + ".self_attn.k_norm.weight", 128);
        add(writer, values, layer + ".self_attn.q_proj.weight", 2048, 1024);
        add(writer, values, layer + ".self_attn.k_proj.weight", 1024, 1024);
        add(writer, values, layer + ".self_attn.v_proj.weight", 1024, 1024);
        add(writer, values, layer + ".self_attn.o_proj.weight", 1024, 2048);
        add(writer, values, layer + ".mlp.gate_proj.weight", 3072, 1024);
        add(writer, values, layer + ".mlp.up_proj.weight", 3072, 1024);
        add(writer, values, layer + ".mlp.down_proj.weight", 1024, 3072);
      }
      add(writer, values, "model.norm.weight", 1024);
      writer.write(folder.resolve("model.safetensors"));
    }
  }

  private static void add(
      SafetensorsWriter writer, MemorySegment values, String name, long... shape) {
    long bytes = 2 * Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    writer.add(name, DType.BF16, shape, values.asSlice(0, bytes));
  }

  /**
   * Removes the checkpoint.
   *
   * @throws IOException if it cannot be removed
   */
  @TearDown
  public void tearDown() throws IOException {
    engine.close();
    Files.delete(folder.resolve("config.json"));
    Files.delete(folder.resolve("model.safetensors"));
    Files.delete(folder);
  }

  /** The body alone, over a text of 200 tokens. */
  @Benchmark
  public void prefillOfTheBody() {
    try (Session session = engine.newSession(LONG_TEXT)) {
      session.append(longText);
    }
  }

  /**
   * The same text, classified into two labels.
   *
   * @return the scores
   */
  @Benchmark
  public double[][] twoLabelQuestion() {
    return twoLabels.score(List.of(longText));
  }

  /**
   * 64 texts of 16 tokens, together.
   *
   * @return the scores
   */
  @Benchmark
  public double[][] shortTextsBatched() {
    return twoLabels.score(shortTexts);
  }

  /**
   * 64 texts of 16 tokens, one after the other.
   *
   * @return the scores
   */
  @Benchmark
  public double[][] shortTextsOneByOne() {
    return shortTexts.stream()
        .map(text -> twoLabels.score(List.of(text))[0])
        .toArray(double[][]::new);
  }
}
