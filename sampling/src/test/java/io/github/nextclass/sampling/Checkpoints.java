package io.github.nextclass.sampling;

import io.github.nextclass.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Checkpoints for tests: the golden ones of the engine, and one with random weights that speaks
 * bytes.
 */
final class Checkpoints {
  /** The ids of the byte model: 0 to 255 are bytes, then these; the rows up to 320 are padding. */
  static final List<String> ADDED_TOKENS =
      List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>");

  static final int BYTE_MODEL_CLASSES = 256 + ADDED_TOKENS.size();
  static final int BYTE_MODEL_ROWS = 320;

  private Checkpoints() {}

  static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (folder != null
        && !(Files.exists(folder.resolve(".git")) && Files.exists(folder.resolve("sampling")))) {
      folder = folder.getParent();
    }
    if (folder == null) {
      throw new IllegalStateException("not inside the repository");
    }
    return folder;
  }

  static Path golden(String name) {
    return root().resolve("engine/src/test/resources/golden").resolve(name);
  }

  /** Qwen's chat template: that of the shipped model, or of the data beside the repository. */
  static Optional<Path> chatTemplate() {
    return Stream.of(
            root().resolve("models/storyteller/chat_template.jinja"),
            root().resolve("../shared/qwen3/Qwen3-0.6B/chat_template.jinja"))
        .filter(Files::exists)
        .findFirst();
  }

  /** Writes a checkpoint with seeded random weights and a vocabulary of single bytes. */
  static Path writeByteModel(Path folder) throws IOException {
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"], "vocab_size": %d, "hidden_size": 64,
         "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
         "head_dim": 64, "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "rope_theta": 10000,
         "tie_word_embeddings": true, "bos_token_id": 256, "eos_token_id": 258}
        """
            .formatted(BYTE_MODEL_ROWS));
    Random random = new Random(20261124);
    SafetensorsWriter weights = new SafetensorsWriter();
    // Large enough that the next byte depends on the prefix, small enough that it is no certainty.
    matrix(weights, random, "model.embed_tokens.weight", 0.18f, BYTE_MODEL_ROWS, 64);
    for (int i = 0; i < 2; i++) {
      String layer = "model.layers." + i + ".";
      matrix(weights, random, layer + "self_attn.q_proj.weight", 0.2f, 128, 64);
      matrix(weights, random, layer + "self_attn.k_proj.weight", 0.2f, 64, 64);
      matrix(weights, random, layer + "self_attn.v_proj.weight", 0.2f, 64, 64);
      matrix(weights, random, layer + "self_attn.o_proj.weight", 0.2f, 64, 128);
      matrix(weights, random, layer + "mlp.gate_proj.weight", 0.2f, 128, 64);
      matrix(weights, random, layer + "mlp.up_proj.weight", 0.2f, 128, 64);
      matrix(weights, random, layer + "mlp.down_proj.weight", 0.2f, 64, 128);
      ones(weights, layer + "self_attn.q_norm.weight", 64);
      ones(weights, layer + "self_attn.k_norm.weight", 64);
      ones(weights, layer + "input_layernorm.weight", 64);
      ones(weights, layer + "post_attention_layernorm.weight", 64);
    }
    ones(weights, "model.norm.weight", 64);
    weights.write(folder.resolve("model.safetensors"));
    writeByteTokenizer(folder);
    return folder;
  }

  private static void writeByteTokenizer(Path folder) throws IOException {
    List<String> vocabulary = new ArrayList<>();
    int shifted = 256;
    for (int b = 0; b < 256; b++) {
      boolean itself = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      String character = Character.toString(itself ? b : shifted++);
      String escaped =
          character.equals("\"") || character.equals("\\") ? "\\" + character : character;
      vocabulary.add("\"" + escaped + "\": " + b);
    }
    Files.writeString(folder.resolve("vocab.json"), "{" + String.join(", ", vocabulary) + "}");
    Files.writeString(folder.resolve("merges.txt"), "");
    List<String> added =
        IntStream.range(0, ADDED_TOKENS.size())
            .mapToObj(i ->
                "\"%d\": {\"content\": \"%s\", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, \"normalized\": false, \"special\": %s}"
                    .formatted(256 + i, ADDED_TOKENS.get(i), i < 3))
            .toList();
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"added_tokens_decoder\": {" + String.join(", ", added) + "}}");
  }

  private static void matrix(
      SafetensorsWriter weights, Random random, String name, float scale, int rows, int cols) {
    float[] values = new float[rows * cols];
    for (int i = 0; i < values.length; i++) {
      values[i] = scale * (float) random.nextGaussian();
    }
    weights.add(name, new long[] {rows, cols}, values);
  }

  private static void ones(SafetensorsWriter weights, String name, int length) {
    float[] values = new float[length];
    java.util.Arrays.fill(values, 1);
    weights.add(name, new long[] {length}, values);
  }
}
