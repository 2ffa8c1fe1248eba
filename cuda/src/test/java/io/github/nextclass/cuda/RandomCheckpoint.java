package io.github.nextclass.cuda;

import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * A checkpoint of any shape with random weights in BF16, tied head.
 *
 * @param hiddenSize the width of the residual stream
 * @param intermediateSize the width of the MLP
 * @param layers the number of layers
 * @param heads the query heads
 * @param kvHeads the key and value heads
 * @param headDim the width of a head
 * @param vocabSize the number of classes
 */
record RandomCheckpoint(
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    int vocabSize) {
  /** Qwen3-0.6B. */
  static final RandomCheckpoint QWEN3_0_6B =
      new RandomCheckpoint(1024, 3072, 28, 16, 8, 128, 151_936);

  void write(Path folder, long seed) throws IOException {
    write(folder, seed, false);
  }

  /** With matrices that q8 holds exactly: levels of 8 bits times a power of two. */
  void writeOfLevels(Path folder, long seed) throws IOException {
    write(folder, seed, true);
  }

  private void write(Path folder, long seed, boolean ofLevels) throws IOException {
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"], "hidden_size": %d,
         "intermediate_size": %d, "num_hidden_layers": %d, "num_attention_heads": %d,
         "num_key_value_heads": %d, "head_dim": %d, "vocab_size": %d, "rope_theta": 1000000,
         "tie_word_embeddings": true, "max_position_embeddings": 40960}
        """
            .formatted(hiddenSize, intermediateSize, layers, heads, kvHeads, headDim, vocabSize));
    SplittableRandom random = new SplittableRandom(seed);
    SafetensorsWriter writer = new SafetensorsWriter();
    matrix(writer, random, ofLevels, "model.embed_tokens", vocabSize, hiddenSize);
    vector(writer, random, "model.norm", hiddenSize);
    for (int i = 0; i < layers; i++) {
      String at = "model.layers." + i + ".";
      vector(writer, random, at + "input_layernorm", hiddenSize);
      matrix(writer, random, ofLevels, at + "self_attn.q_proj", heads * headDim, hiddenSize);
      matrix(writer, random, ofLevels, at + "self_attn.k_proj", kvHeads * headDim, hiddenSize);
      matrix(writer, random, ofLevels, at + "self_attn.v_proj", kvHeads * headDim, hiddenSize);
      matrix(writer, random, ofLevels, at + "self_attn.o_proj", hiddenSize, heads * headDim);
      vector(writer, random, at + "self_attn.q_norm", headDim);
      vector(writer, random, at + "self_attn.k_norm", headDim);
      vector(writer, random, at + "post_attention_layernorm", hiddenSize);
      matrix(writer, random, ofLevels, at + "mlp.gate_proj", intermediateSize, hiddenSize);
      matrix(writer, random, ofLevels, at + "mlp.up_proj", intermediateSize, hiddenSize);
      matrix(writer, random, ofLevels, at + "mlp.down_proj", hiddenSize, intermediateSize);
    }
    writer.write(folder.resolve("model.safetensors"));
  }

  private static void matrix(
      SafetensorsWriter writer,
      SplittableRandom random,
      boolean ofLevels,
      String name,
      int rows,
      int columns) {
    SplittableRandom own = random.split();
    double width = 1.7 / Math.sqrt(columns);
    writer.add(
        name + ".weight",
        DType.BF16,
        new long[] {rows, columns},
        () ->
            ofLevels
                ? levels(own, rows * columns, Math.scalb(1.0, Math.getExponent(width / 127)))
                : numbers(own, rows * columns, 0, width));
  }

  /** Of 32 neighbours one is the greatest level, so that the scale of q8 is this one. */
  private static MemorySegment levels(SplittableRandom random, int count, double scale) {
    short[] bits = new short[count];
    for (int i = 0; i < count; i++) {
      int level = i % 32 == 0 ? 127 : random.nextInt(-127, 128);
      bits[i] = (short) (Float.floatToRawIntBits((float) (level * scale)) >>> 16);
    }
    return MemorySegment.ofArray(bits);
  }

  private static void vector(
      SafetensorsWriter writer, SplittableRandom random, String name, int size) {
    SplittableRandom own = random.split();
    writer.add(name + ".weight", DType.BF16, new long[] {size}, () -> numbers(own, size, 1, 0.3));
  }

  private static MemorySegment numbers(
      SplittableRandom random, int count, double middle, double width) {
    short[] bits = new short[count];
    for (int i = 0; i < count; i++) {
      float number = (float) (middle + width * (2 * random.nextDouble() - 1));
      bits[i] = (short) (Float.floatToRawIntBits(number) >>> 16);
    }
    return MemorySegment.ofArray(bits);
  }
}
