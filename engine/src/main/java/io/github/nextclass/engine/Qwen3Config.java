package io.github.nextclass.engine;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The shape of a Qwen3 model: {@code config.json} under its own names.
 *
 * <pre>
 *            hiddenSize  intermediateSize  layers  heads  kv heads  headDim  tied
 *   0.6B           1024              3072      28     16         8      128  yes
 *   1.7B           2048              6144      28     16         8      128  yes
 *   4B             2560              9728      36     32         8      128  yes
 *   8B             4096             12288      36     32         8      128  no
 *   14B            5120             17408      40     40         8      128  no
 *   32B            5120             25600      64     64         8      128  no
 * </pre>
 *
 * <p>{@code headDim} is a number of its own: in 0.6B the heads are 16 x 128 = 2048 wide and {@code
 * hiddenSize} is 1024.
 *
 * @param vocabSize the number of classes of the LM head, padding rows included
 * @param hiddenSize the width of the residual stream
 * @param intermediateSize the width of the MLP
 * @param numHiddenLayers the number of layers
 * @param numAttentionHeads the number of query heads; a multiple of {@code numKeyValueHeads}
 * @param numKeyValueHeads the number of key and value heads
 * @param headDim the width of a head; even
 * @param maxPositionEmbeddings the longest context the model was made for
 * @param rmsNormEps the number added under the root in RMSNorm
 * @param ropeParameters how positions become angles
 * @param attentionBias whether q, k, v and o projections have a bias
 * @param tieWordEmbeddings whether the LM head is the embedding table
 * @param architectures what the checkpoint says it is, such as {@code Qwen3ForCausalLM}
 * @param bosTokenId the ids in {@code bos_token_id}; empty where there is none
 * @param eosTokenId the ids in {@code eos_token_id}; empty where there is none
 * @param quantization how the matrices of the layers are stored; null where they are floats
 * @param score what a {@code Qwen3ForSequenceClassification} says of its score head; null for every
 *     other
 */
public record Qwen3Config(
    int vocabSize,
    int hiddenSize,
    int intermediateSize,
    int numHiddenLayers,
    int numAttentionHeads,
    int numKeyValueHeads,
    int headDim,
    int maxPositionEmbeddings,
    float rmsNormEps,
    RopeParameters ropeParameters,
    boolean attentionBias,
    boolean tieWordEmbeddings,
    List<String> architectures,
    List<Integer> bosTokenId,
    List<Integer> eosTokenId,
    @Nullable QuantizationConfig quantization,
    @Nullable ScoreConfig score) {

  private static final int MAX_LAYERS = 1024;
  private static final int MAX_WIDTH = 1 << 20;
  private static final String TOKEN_IDS = "a token id or an array of token ids";

  /**
   * Reads {@code config.json}, in the spelling of transformers 4 ({@code rope_theta}, {@code
   * rope_scaling}) or 5 ({@code rope_parameters}). What is absent takes the default of
   * transformers' Qwen3Config.
   *
   * @param file the file
   * @return the config
   * @throws ModelFormatException if a value is missing, out of range or not supported; the message
   *     names the key
   * @throws IOException if the file cannot be read
   */
  public static Qwen3Config read(Path file) throws IOException {
    JsonObject json = JsonObject.read(file);
    String modelType = json.string("model_type", "");
    if (!modelType.equals("qwen3")) {
      throw new ModelFormatException(
          file
              + ": unsupported model_type "
              + (modelType.isEmpty() ? "(none)" : modelType)
              + ", expected qwen3");
    }
    String activation = json.string("hidden_act", "silu");
    if (!activation.equals("silu") && !activation.equals("swish")) {
      throw json.wrong("hidden_act", activation, "silu");
    }
    int hiddenSize = json.integer("hidden_size", 1, MAX_WIDTH);
    int numAttentionHeads = json.integer("num_attention_heads", 1, 4096);
    int numKeyValueHeads = keyValueHeads(json, numAttentionHeads);
    if (numAttentionHeads % numKeyValueHeads != 0) {
      throw new ModelFormatException(
          file
              + ": num_attention_heads "
              + numAttentionHeads
              + " is not a multiple of num_key_value_heads "
              + numKeyValueHeads);
    }
    int headDim = json.integer("head_dim", 2, 1024, 128);
    if (headDim % 2 != 0) {
      throw json.wrong("head_dim", headDim, "an even number: RoPE rotates pairs");
    }
    int numHiddenLayers = json.integer("num_hidden_layers", 1, MAX_LAYERS);
    rejectSlidingWindow(json, numHiddenLayers);
    List<String> architectures = List.copyOf(json.strings("architectures"));
    return new Qwen3Config(
        json.integer("vocab_size", 1, 1 << 24),
        hiddenSize,
        json.integer("intermediate_size", 1, MAX_WIDTH),
        numHiddenLayers,
        numAttentionHeads,
        numKeyValueHeads,
        headDim,
        json.integer("max_position_embeddings", 1, 1 << 24, 32768),
        json.positiveFloat("rms_norm_eps", 1e-6f),
        RopeParameters.read(json),
        json.bool("attention_bias", false),
        json.bool("tie_word_embeddings", false),
        architectures,
        List.copyOf(json.integers("bos_token_id", TOKEN_IDS)),
        List.copyOf(json.integers("eos_token_id", TOKEN_IDS)),
        quantization(json),
        architectures.contains(ScoreConfig.ARCHITECTURE) ? ScoreConfig.read(json) : null);
  }

  /** Null means as many as there are query heads; absent, what transformers takes. */
  private static int keyValueHeads(JsonObject json, int numAttentionHeads)
      throws ModelFormatException {
    String key = "num_key_value_heads";
    return json.isNull(key) ? numAttentionHeads : json.integer(key, 1, 4096, 32);
  }

  private static @Nullable QuantizationConfig quantization(JsonObject json)
      throws ModelFormatException {
    JsonObject quantization = json.object("quantization_config");
    return quantization == null ? null : QuantizationConfigReader.read(quantization);
  }

  /** Where no list says which layers have a window, those from max_window_layers on have it. */
  private static void rejectSlidingWindow(JsonObject json, int numHiddenLayers)
      throws ModelFormatException {
    for (String type : json.strings("layer_types")) {
      if (!type.equals("full_attention")) {
        throw json.wrong("layer_types", type, "full_attention in every layer");
      }
    }
    boolean windows =
        json.bool("use_sliding_window", false)
            && !json.isNull("sliding_window")
            && json.integer("max_window_layers", 0, Integer.MAX_VALUE, 28) < numHiddenLayers;
    if (windows && !json.has("layer_types")) {
      throw json.wrong(
          "use_sliding_window",
          true,
          "false, or max_window_layers of at least num_hidden_layers, which is "
              + numHiddenLayers
              + ": sliding window attention is not supported");
    }
  }

  /**
   * The width of all query heads together.
   *
   * @return {@code numAttentionHeads * headDim}
   */
  public int queryWidth() {
    return numAttentionHeads * headDim;
  }

  /**
   * The width of all key heads, or all value heads, together.
   *
   * @return {@code numKeyValueHeads * headDim}
   */
  public int keyValueWidth() {
    return numKeyValueHeads * headDim;
  }

  /** Each token must be one of the classes. */
  void checkTokenIds(int[] tokenIds) {
    for (int i = 0; i < tokenIds.length; i++) {
      if (tokenIds[i] < 0 || tokenIds[i] >= vocabSize) {
        throw new IllegalArgumentException(
            "token id "
                + tokenIds[i]
                + " at index "
                + i
                + " is out of range, expected 0 to "
                + (vocabSize - 1));
      }
    }
  }
}
