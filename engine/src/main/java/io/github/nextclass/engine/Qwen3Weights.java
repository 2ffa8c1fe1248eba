package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.Linear;
import io.github.nextclass.engine.backend.Weight;
import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.SafetensorsException;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a checkpoint under its own names. The only place where tensor names are spelled.
 *
 * @param embedTokens {@code [vocabSize, hiddenSize]}
 * @param layers the transformer layers
 * @param norm {@code [hiddenSize]}
 * @param lmHead {@code [vocabSize, hiddenSize]}; {@code embedTokens} itself where the two are tied
 */
record Qwen3Weights(Weight embedTokens, List<Layer> layers, Weight norm, Linear lmHead) {

  record Layer(Weight inputLayernorm, Attention selfAttn, Weight postAttentionLayernorm, Mlp mlp) {}

  record Attention(
      Linear qProj, // [numAttentionHeads * headDim, hiddenSize]
      Linear kProj, // [numKeyValueHeads * headDim, hiddenSize]
      Linear vProj, // [numKeyValueHeads * headDim, hiddenSize]
      Linear oProj, // [hiddenSize, numAttentionHeads * headDim]
      Weight qNorm, // [headDim]
      Weight kNorm) {} // [headDim]

  record Mlp(
      Linear gateProj, // [intermediateSize, hiddenSize]
      Linear upProj, // [intermediateSize, hiddenSize]
      Linear downProj) {} // [hiddenSize, intermediateSize]

  /**
   * Takes the weights of a checkpoint into a backend. Every name and shape is checked before the
   * first weight is taken.
   *
   * @param folder the checkpoint, for messages
   * @throws ModelFormatException if tensors are missing, or one has another shape or dtype than the
   *     config says
   */
  static Qwen3Weights load(Path folder, TensorSource tensors, Qwen3Config config, Backend backend)
      throws ModelFormatException, SafetensorsException {
    Loader check = new Loader(tensors, config, null);
    check.all();
    check.report(folder);
    return new Loader(tensors, config, backend).all();
  }

  /**
   * Walks the checkpoint: without a backend it only notes what is wrong, with one it takes the
   * weights.
   */
  private static final class Loader {
    private static final System.Logger LOG = System.getLogger(Qwen3Weights.class.getName());
    private static final Set<DType> FLOATS = EnumSet.of(DType.F32, DType.F16, DType.BF16);
    private static final Weight UNTAKEN = new Untaken(1, 1);
    private static final int NAMES_IN_MESSAGE = 10;

    private final TensorSource tensors;
    private final Qwen3Config config;
    private final @Nullable Backend backend;
    private final String prefix;
    private final Set<String> used = new HashSet<>();
    private final List<String> missing = new ArrayList<>();
    private final List<String> wrong = new ArrayList<>();

    private record Untaken(int rows, int columns) implements Weight {}

    Loader(TensorSource tensors, Qwen3Config config, @Nullable Backend backend) {
      this.tensors = tensors;
      this.config = config;
      this.backend = backend;
      // Qwen3Model checkpoints (Qwen3-Embedding) have no prefix, Qwen3ForCausalLM has one.
      this.prefix = tensors.contains("embed_tokens.weight") ? "" : "model.";
    }

    Qwen3Weights all() throws SafetensorsException {
      Weight embedTokens =
          weight(prefix + "embed_tokens.weight", config.vocabSize(), config.hiddenSize());
      List<Layer> layers = new ArrayList<>();
      for (int i = 0; i < config.numHiddenLayers(); i++) {
        layers.add(layer(prefix + "layers." + i + "."));
      }
      Weight norm = weight(prefix + "norm.weight", config.hiddenSize());
      return new Qwen3Weights(embedTokens, List.copyOf(layers), norm, lmHead(embedTokens));
    }

    private Linear lmHead(Weight embedTokens) throws SafetensorsException {
      String name = "lm_head.weight";
      if (config.tieWordEmbeddings()) {
        used.add(name); // 0.6B and 1.7B store a copy all the same; the reference ignores it
        return new Linear(embedTokens, null);
      }
      return new Linear(weight(name, config.vocabSize(), config.hiddenSize()), null);
    }

    private Layer layer(String at) throws SafetensorsException {
      int hidden = config.hiddenSize();
      int intermediate = config.intermediateSize();
      boolean bias = config.attentionBias();
      String attn = at + "self_attn.";
      String mlp = at + "mlp.";
      return new Layer(
          weight(at + "input_layernorm.weight", hidden),
          new Attention(
              linear(attn + "q_proj", config.queryWidth(), hidden, bias),
              linear(attn + "k_proj", config.keyValueWidth(), hidden, bias),
              linear(attn + "v_proj", config.keyValueWidth(), hidden, bias),
              linear(attn + "o_proj", hidden, config.queryWidth(), bias),
              weight(attn + "q_norm.weight", config.headDim()),
              weight(attn + "k_norm.weight", config.headDim())),
          weight(at + "post_attention_layernorm.weight", hidden),
          new Mlp(
              linear(mlp + "gate_proj", intermediate, hidden, false),
              linear(mlp + "up_proj", intermediate, hidden, false),
              linear(mlp + "down_proj", hidden, intermediate, false)));
    }

    private Linear linear(String name, int out, int in, boolean bias) throws SafetensorsException {
      return new Linear(
          weight(name + ".weight", out, in), bias ? weight(name + ".bias", out) : null);
    }

    private Weight weight(String name, int... shape) throws SafetensorsException {
      used.add(name);
      if (!tensors.contains(name)) {
        missing.add(name);
        return UNTAKEN;
      }
      Tensor tensor = tensors.tensor(name);
      long[] expected = Arrays.stream(shape).asLongStream().toArray();
      if (!Arrays.equals(tensor.shape(), expected)) {
        wrong.add(
            name
                + " has shape "
                + Arrays.toString(tensor.shape())
                + ", config.json says "
                + Arrays.toString(expected));
      } else if (!FLOATS.contains(tensor.dtype())) {
        wrong.add(
            "dtype "
                + tensor.dtype()
                + " of "
                + name
                + " is not supported for Qwen3, expected BF16, F16 or F32");
      }
      return backend == null ? UNTAKEN : backend.weight(tensor);
    }

    void report(Path folder) throws ModelFormatException {
      if (!wrong.isEmpty()) {
        throw new ModelFormatException(folder + ": weights do not fit config.json: " + some(wrong));
      }
      if (!missing.isEmpty()) {
        throw new ModelFormatException(
            folder + ": lacks " + tensors(missing.size()) + ": " + some(missing));
      }
      List<String> extra =
          tensors.names().stream().filter(name -> !used.contains(name)).sorted().toList();
      if (!extra.isEmpty()) {
        LOG.log(
            System.Logger.Level.WARNING,
            "{0}: has {1} that Qwen3 does not use: {2}",
            folder,
            tensors(extra.size()),
            some(extra));
      }
    }

    private static String tensors(int count) {
      return count == 1 ? "1 tensor" : count + " tensors";
    }

    private static String some(List<String> items) {
      String text = String.join("; ", items.subList(0, Math.min(NAMES_IN_MESSAGE, items.size())));
      return items.size() > NAMES_IN_MESSAGE
          ? text + "; and " + (items.size() - NAMES_IN_MESSAGE) + " more"
          : text;
    }
  }
}
