package io.github.nextclass.cli;

import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * A checkpoint of random BF16 weights in a temporary folder, which is removed when it is closed, or
 * when the process is interrupted.
 */
public final class RandomCheckpoint implements AutoCloseable {
  private static final int SEED = 42;
  private static final double WEIGHT_DEVIATION = 0.02; // initializer_range of the published configs
  private static final double NORM_DEVIATION = 0.1;

  /**
   * Normally distributed weights are drawn from a table: a 16-bit number each, four from a long.
   */
  private static final int TABLE_BITS = 16;

  private static final ValueLayout.OfShort BF16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path folder;
  private final Thread removal = new Thread(this::remove, "nextclass-remove-random-checkpoint");

  private RandomCheckpoint(Path folder) {
    this.folder = folder;
  }

  /**
   * Writes a checkpoint.
   *
   * @param shape its shape
   * @return the checkpoint, to be closed by the caller
   * @throws IOException if there is no room for it, or it cannot be written
   */
  public static RandomCheckpoint create(ModelShape shape) throws IOException {
    RandomCheckpoint checkpoint =
        new RandomCheckpoint(Files.createTempDirectory("nextclass-" + shape + "-"));
    Runtime.getRuntime().addShutdownHook(checkpoint.removal);
    try {
      checkpoint.write(shape);
      return checkpoint;
    } catch (IOException | RuntimeException | Error e) {
      checkpoint.close();
      throw e;
    }
  }

  /**
   * Where it is.
   *
   * @return the folder, as {@code Engine.load} takes it
   */
  public Path folder() {
    return folder;
  }

  private void write(ModelShape shape) throws IOException {
    Map<String, long[]> tensors = tensors(shape);
    checkSpace(tensors);
    Files.writeString(folder.resolve("config.json"), config(shape));
    SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
    SplittableRandom random = new SplittableRandom(SEED);
    short[] matrixValues = table(0, WEIGHT_DEVIATION);
    short[] normValues = table(1, NORM_DEVIATION);
    long largest = tensors.values().stream().mapToLong(RandomCheckpoint::bytes).max().orElseThrow();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(largest, Long.BYTES); // for one tensor after the other
      tensors.forEach((name, dimensions) ->
          writer.add(
              name,
              DType.BF16,
              dimensions,
              () -> {
                MemorySegment data = memory.asSlice(0, bytes(dimensions));
                fill(data, dimensions.length == 1 ? normValues : matrixValues, random);
                return data;
              }));
      writer.write(folder.resolve("model.safetensors"));
    }
  }

  private void checkSpace(Map<String, long[]> tensors) throws IOException {
    long needBytes = tensors.values().stream().mapToLong(RandomCheckpoint::bytes).sum();
    long freeBytes = Files.getFileStore(folder).getUsableSpace();
    if (needBytes > freeBytes) {
      throw new IOException(
          folder.getParent()
              + ": need "
              + Format.bytes(needBytes)
              + " for random weights, found "
              + Format.bytes(freeBytes)
              + " free; another folder: NEXTCLASS_JAVA_OPTS=-Djava.io.tmpdir=DIR");
    }
  }

  private static Map<String, long[]> tensors(ModelShape shape) {
    long hidden = shape.hiddenSize;
    long intermediate = shape.intermediateSize;
    long queries = (long) shape.numAttentionHeads * ModelShape.HEAD_DIM;
    long keys = (long) shape.numKeyValueHeads * ModelShape.HEAD_DIM;
    Map<String, long[]> tensors = new LinkedHashMap<>();
    tensors.put("model.embed_tokens.weight", new long[] {shape.vocabSize, hidden});
    for (int i = 0; i < shape.numHiddenLayers; i++) {
      String layer = "model.layers." + i;
      tensors.put(layer + ".input_layernorm.weight", new long[] {hidden});
      tensors.put(layer + ".self_attn.q_proj.weight", new long[] {queries, hidden});
      tensors.put(layer + ".self_attn.k_proj.weight", new long[] {keys, hidden});
      tensors.put(layer + ".self_attn.v_proj.weight", new long[] {keys, hidden});
      tensors.put(layer + ".self_attn.q_norm.weight", new long[] {ModelShape.HEAD_DIM});
      tensors.put(layer + ".self_attn.k_norm.weight", new long[] {ModelShape.HEAD_DIM});
      tensors.put(layer + ".self_attn.o_proj.weight", new long[] {hidden, queries});
      tensors.put(layer + ".post_attention_layernorm.weight", new long[] {hidden});
      tensors.put(layer + ".mlp.gate_proj.weight", new long[] {intermediate, hidden});
      tensors.put(layer + ".mlp.up_proj.weight", new long[] {intermediate, hidden});
      tensors.put(layer + ".mlp.down_proj.weight", new long[] {hidden, intermediate});
    }
    tensors.put("model.norm.weight", new long[] {hidden});
    if (!shape.tieWordEmbeddings) {
      tensors.put("lm_head.weight", new long[] {shape.vocabSize, hidden});
    }
    return tensors;
  }

  private static String config(ModelShape shape) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), text)) {
      json.writeStartObject();
      json.writeArrayPropertyStart("architectures");
      json.writeString("Qwen3ForCausalLM");
      json.writeEndArray();
      json.writeStringProperty("model_type", "qwen3");
      json.writeNumberProperty("vocab_size", shape.vocabSize);
      json.writeNumberProperty("hidden_size", shape.hiddenSize);
      json.writeNumberProperty("intermediate_size", shape.intermediateSize);
      json.writeNumberProperty("num_hidden_layers", shape.numHiddenLayers);
      json.writeNumberProperty("num_attention_heads", shape.numAttentionHeads);
      json.writeNumberProperty("num_key_value_heads", shape.numKeyValueHeads);
      json.writeNumberProperty("head_dim", ModelShape.HEAD_DIM);
      json.writeNumberProperty("max_position_embeddings", 40_960);
      json.writeNumberProperty("rope_theta", 1_000_000);
      json.writeNumberProperty("rms_norm_eps", 1e-6);
      json.writeStringProperty("hidden_act", "silu");
      json.writeBooleanProperty("tie_word_embeddings", shape.tieWordEmbeddings);
      json.writeStringProperty("torch_dtype", "bfloat16");
      json.writeEndObject();
    }
    return text.toString();
  }

  private static long bytes(long[] dimensions) {
    long elements = 1;
    for (long dimension : dimensions) {
      elements = Math.multiplyExact(elements, dimension);
    }
    return Math.multiplyExact(elements, Short.BYTES);
  }

  private static short[] table(double mean, double deviation) {
    Random random = new Random(SEED);
    short[] table = new short[1 << TABLE_BITS];
    for (int i = 0; i < table.length; i++) {
      float value = (float) (mean + deviation * random.nextGaussian());
      table[i] = (short) (Float.floatToRawIntBits(value) >>> 16);
    }
    return table;
  }

  private static void fill(MemorySegment data, short[] values, SplittableRandom random) {
    for (long at = 0; at < data.byteSize(); at += Long.BYTES) { // every shape is a multiple of 4
      long bits = random.nextLong();
      for (int i = 0; i < Long.SIZE / TABLE_BITS; i++) {
        int index = Short.toUnsignedInt((short) (bits >>> (i * TABLE_BITS)));
        data.set(BF16, at + (long) i * Short.BYTES, values[index]);
      }
    }
  }

  /** Removes the folder. */
  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(removal);
    } catch (IllegalStateException e) {
      return; // the process is ending, and the hook does it
    }
    remove();
  }

  private void remove() {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Files.delete(file);
      }
      Files.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(folder + " could not be removed: " + e.getMessage(), e);
    }
  }
}
