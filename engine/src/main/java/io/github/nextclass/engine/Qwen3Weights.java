package io.github.nextclass.engine;

import io.github.nextclass.engine.QuantizationConfig.Awq;
import io.github.nextclass.engine.QuantizationConfig.Blocks;
import io.github.nextclass.engine.QuantizationConfig.Fp8;
import io.github.nextclass.engine.QuantizationConfig.Gptq;
import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.Linear;
import io.github.nextclass.engine.backend.Weight;
import io.github.nextclass.engine.quant.AwqMatrix;
import io.github.nextclass.engine.quant.BlockMatrix;
import io.github.nextclass.engine.quant.Fp8Matrix;
import io.github.nextclass.engine.quant.GptqMatrix;
import io.github.nextclass.engine.quant.StoredMatrix;
import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.SafetensorsException;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a checkpoint under its own names. The only place where tensor names are spelled.
 *
 * @param embedTokens {@code [vocabSize, hiddenSize]}
 * @param layers the transformer layers
 * @param norm {@code [hiddenSize]}
 * @param lmHead {@code [vocabSize, hiddenSize]}; {@code embedTokens} itself where the two are tied
 *     and no other is stored; null where there is none
 * @param lmHeadBlocks the same where it is q8 or q4, else null
 * @param score {@code [labels, hiddenSize]} of a {@code Qwen3ForSequenceClassification}, which has
 *     no LM head
 */
record Qwen3Weights(
    Weight embedTokens,
    List<Layer> layers,
    Weight norm,
    @Nullable Linear lmHead,
    @Nullable BlockMatrix lmHeadBlocks,
    @Nullable Linear score) {

  private static final String LM_HEAD = "lm_head.weight";

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
   * Takes the weights of a checkpoint into a backend. Names, types, shapes and scales are checked
   * before the first weight is taken.
   *
   * @param folder the checkpoint, for messages
   * @param quantizer makes q8 or q4 of the matrices; null to take them as they are
   * @param reserve told how many bytes the backend will copy, before it does
   * @throws ModelFormatException if tensors are missing, or one has another shape or dtype than the
   *     config says, or values that its format does not allow
   * @throws IOException if a file cannot be read
   */
  static Qwen3Weights load(
      Path folder,
      TensorSource tensors,
      Qwen3Config config,
      Backend backend,
      @Nullable WeightQuantizer quantizer,
      LongConsumer reserve)
      throws IOException {
    Loader check = new Loader(tensors, config, backend, quantizer, false);
    check.all();
    check.checks.report(folder);
    reserve.accept(check.copiedBytes);
    return new Loader(tensors, config, backend, quantizer, true).all();
  }

  /**
   * Whether the stored LM head is a copy of the embeddings, so that quantising needs one of them.
   */
  static boolean headIsCopy(TensorSource tensors, Qwen3Config config) throws SafetensorsException {
    String table = prefix(tensors) + "embed_tokens.weight";
    return config.tieWordEmbeddings()
        && tensors.contains(LM_HEAD)
        && tensors.contains(table)
        && tensors.tensor(table).dtype() == tensors.tensor(LM_HEAD).dtype()
        && tensors.tensor(table).segment().mismatch(tensors.tensor(LM_HEAD).segment()) == -1;
  }

  /** The rows of the LM head's matrix that are these classes, as stored. */
  static Tensor lmHeadRows(TensorSource tensors, Qwen3Config config, int[] tokenIds)
      throws SafetensorsException {
    boolean isTable = config.tieWordEmbeddings() && !tensors.contains(LM_HEAD);
    String name = isTable ? prefix(tensors) + "embed_tokens.weight" : LM_HEAD;
    return tensors.tensor(name).selectRows(tokenIds);
  }

  /** Qwen3Model checkpoints (Qwen3-Embedding) have no prefix, Qwen3ForCausalLM has one. */
  private static String prefix(TensorSource tensors) {
    return tensors.contains("embed_tokens.weight") ? "" : "model.";
  }

  /**
   * Walks the checkpoint: once only to note what is wrong, once to take the weights.
   *
   * <p>The tensors say whether a linear layer is quantised: {@code modules_to_not_convert} lists
   * those that are not, and they are stored as floats.
   */
  private static final class Loader {
    private static final List<DType> FLOATS = List.of(DType.BF16, DType.F16, DType.F32);
    private static final List<DType> INTEGERS = List.of(DType.I32);
    private static final Weight UNTAKEN = new Untaken(1, 1);

    private final TensorSource tensors;
    private final Qwen3Config config;
    private final Backend backend;
    private final @Nullable WeightQuantizer quantizer;
    private final boolean take;
    private final String prefix;
    private final TensorChecks checks;
    private long copiedBytes;
    private @Nullable Tensor firstZeros;
    private @Nullable BlockMatrix lastBlocks; // the matrix read last, where it is q8 or q4

    private record Untaken(int rows, int columns) implements Weight {}

    Loader(
        TensorSource tensors,
        Qwen3Config config,
        Backend backend,
        @Nullable WeightQuantizer quantizer,
        boolean take) {
      this.tensors = tensors;
      this.config = config;
      this.backend = backend;
      this.quantizer = quantizer;
      this.take = take;
      this.checks = new TensorChecks(tensors);
      this.prefix = prefix(tensors);
    }

    Qwen3Weights all() throws IOException {
      Weight embedTokens =
          table(prefix + "embed_tokens.weight", config.vocabSize(), config.hiddenSize());
      BlockMatrix embedBlocks = lastBlocks;
      List<Layer> layers = new ArrayList<>();
      for (int i = 0; i < config.numHiddenLayers(); i++) {
        layers.add(layer(prefix + "layers." + i + "."));
      }
      Weight norm = weight(prefix + "norm.weight", config.hiddenSize());
      Linear lmHead = lmHead(embedTokens);
      return new Qwen3Weights(
          embedTokens,
          List.copyOf(layers),
          norm,
          lmHead,
          lmHead == null ? null : isTable(lmHead, embedTokens) ? embedBlocks : lastBlocks,
          score());
    }

    @SuppressWarnings("ReferenceEquality") // the very table, not one of the same numbers
    private static boolean isTable(Linear head, Weight table) {
      return head.weight() == table;
    }

    private @Nullable Linear lmHead(Weight embedTokens) throws IOException {
      if (config.score() != null) {
        return null; // what this body has learned to end in is the score head
      }
      // 0.6B and 1.7B are tied and store a head all the same, a copy. Where it is no copy, the
      // reference uses it.
      if (config.tieWordEmbeddings() && !tensors.contains(LM_HEAD)) {
        return new Linear(embedTokens, null);
      }
      if (quantizer != null && headIsCopy(tensors, config)) {
        checks.ignore(LM_HEAD);
        return new Linear(embedTokens, null); // one table in memory, not two
      }
      if (config.architectures().contains("Qwen3Model") && !tensors.contains(LM_HEAD)) {
        return null;
      }
      return new Linear(table(LM_HEAD, config.vocabSize(), config.hiddenSize()), null);
    }

    private @Nullable Linear score() throws SafetensorsException {
      return config.score() == null
          ? null
          : new Linear(
              weight("score.weight", config.score().labels().size(), config.hiddenSize()), null);
    }

    private Layer layer(String at) throws IOException {
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

    private Linear linear(String name, int out, int in, boolean bias) throws IOException {
      return new Linear(matrix(name, out, in), bias ? weight(name + ".bias", out) : null);
    }

    private Weight weight(String name, int... shape) throws SafetensorsException {
      Tensor tensor = checks.find(name, FLOATS, shape);
      return tensor == null || !take ? UNTAKEN : backend.weight(tensor);
    }

    /** Embeddings or LM head: floats in every format but our own. */
    private Weight table(String name, int rows, int columns) throws IOException {
      lastBlocks = null;
      if (isBlocks(name)) {
        lastBlocks = blocks(name, rows, columns);
        return lastBlocks == null ? UNTAKEN : taken(lastBlocks);
      }
      return floats(name, rows, columns);
    }

    /** A matrix of floats, quantised where that is wanted. */
    private Weight floats(String name, int out, int in) throws IOException {
      Tensor tensor = checks.find(name, FLOATS, out, in);
      if (quantizer == null) {
        return tensor == null || !take ? UNTAKEN : backend.weight(tensor);
      }
      if (tensor == null) {
        return UNTAKEN;
      }
      return quantized(tensor, out, in);
    }

    private Weight quantized(Tensor tensor, int out, int in) throws ModelFormatException {
      WeightQuantizer q = Objects.requireNonNull(quantizer);
      if (take) {
        lastBlocks = q.quantize(tensor, out, in);
        return backend.weight(lastBlocks);
      }
      if (in % BlockMatrix.BLOCK != 0) {
        checks.wrong(
            tensor.name()
                + " has "
                + in
                + " inputs, expected a multiple of 32 to quantise it to q"
                + q.bits());
      }
      q.announce((long) out * in);
      copiedBytes = Math.addExact(copiedBytes, BlockMatrix.bytes(q.bits(), out, in));
      return UNTAKEN;
    }

    private boolean isBlocks(String name) throws SafetensorsException {
      return config.quantization() instanceof Blocks
          && tensors.contains(name)
          && tensors.tensor(name).dtype() == DType.U8;
    }

    private @Nullable BlockMatrix blocks(String name, int out, int in) throws SafetensorsException {
      int bits = ((Blocks) Objects.requireNonNull(config.quantization())).bits();
      if (in % BlockMatrix.BLOCK != 0) {
        checks.wrong(name + " has " + in + " inputs, expected a multiple of 32");
        return null;
      }
      Tensor tensor =
          checks.find(
              name,
              List.of(DType.U8),
              BlockMatrix.panels(out),
              in / BlockMatrix.BLOCK,
              BlockMatrix.blockBytes(bits));
      return tensor == null ? null : new BlockMatrix(name, tensor.segment(), bits, out, in);
    }

    private Weight matrix(String name, int out, int in) throws IOException {
      QuantizationConfig quantization = config.quantization();
      if (quantization == null || isInFloats(name)) {
        return floats(name + ".weight", out, in);
      }
      return switch (quantization) {
        case Blocks blocks -> table(name + ".weight", out, in);
        case Fp8 fp8 -> fp8(name, out, in);
        case Gptq gptq -> gptq(name, gptq, out, in);
        case Awq awq -> awq(name, awq, out, in);
      };
    }

    private boolean isInFloats(String name) throws SafetensorsException {
      return !tensors.contains(name + ".qweight")
          && tensors.contains(name + ".weight")
          && FLOATS.contains(tensors.tensor(name + ".weight").dtype());
    }

    private Weight fp8(String name, int out, int in) throws SafetensorsException {
      Tensor weight = checks.find(name + ".weight", List.of(DType.F8_E4M3), out, in);
      Tensor scales =
          checks.find(
              name + ".weight_scale_inv", FLOATS, Fp8Matrix.blocks(out), Fp8Matrix.blocks(in));
      if (weight == null || scales == null) {
        return UNTAKEN;
      }
      return taken(new Fp8Matrix(weight, scales));
    }

    private Weight gptq(String name, Gptq config, int out, int in) throws SafetensorsException {
      int perWord = Integer.SIZE / config.bits();
      if (!fits(name, config.groupSize(), perWord, out, in)) {
        return UNTAKEN;
      }
      int groups = groups(config.groupSize(), in);
      Tensor qweight = checks.find(name + ".qweight", INTEGERS, in / perWord, out);
      Tensor qzeros = checks.find(name + ".qzeros", INTEGERS, groups, out / perWord);
      Tensor scales = checks.find(name + ".scales", FLOATS, groups, out);
      Tensor gIdx = checks.find(name + ".g_idx", INTEGERS, in);
      if (qweight == null || qzeros == null || scales == null || gIdx == null) {
        return UNTAKEN;
      }
      return taken(
          new GptqMatrix(
              qweight,
              qzeros,
              scales,
              gIdx,
              config.bits(),
              zeroPoints(config, qzeros),
              config.sym(),
              !config.descAct()));
    }

    /** A symmetric checkpoint says it by its values, and everywhere the same. */
    private GptqMatrix.ZeroPoints zeroPoints(Gptq config, Tensor qzeros) {
      if (!config.sym()) {
        return config.zerosAsStored()
            ? GptqMatrix.ZeroPoints.AS_STORED
            : GptqMatrix.ZeroPoints.LESS_ONE;
      }
      if (firstZeros == null) {
        firstZeros = qzeros;
      }
      GptqMatrix.ZeroPoints found = GptqMatrix.ZeroPoints.of(qzeros, config.bits());
      if (found != GptqMatrix.ZeroPoints.of(firstZeros, config.bits())) {
        checks.wrong(
            qzeros.name()
                + " and "
                + firstZeros.name()
                + " mix the two conventions for zero points, expected one of them");
      }
      return found;
    }

    private Weight awq(String name, Awq config, int out, int in) throws SafetensorsException {
      if (!fits(name, config.groupSize(), AwqMatrix.PER_WORD, out, in)) {
        return UNTAKEN;
      }
      int groups = groups(config.groupSize(), in);
      Tensor qweight = checks.find(name + ".qweight", INTEGERS, in, out / AwqMatrix.PER_WORD);
      Tensor qzeros = checks.find(name + ".qzeros", INTEGERS, groups, out / AwqMatrix.PER_WORD);
      Tensor scales = checks.find(name + ".scales", FLOATS, groups, out);
      if (qweight == null || qzeros == null || scales == null) {
        return UNTAKEN;
      }
      return taken(new AwqMatrix(qweight, qzeros, scales));
    }

    private boolean fits(String name, int groupSize, int perWord, int out, int in) {
      boolean wholeGroups = groupSize == -1 || in % groupSize == 0;
      if (!wholeGroups) {
        checks.wrong(
            name + " has " + in + " inputs, expected a multiple of group_size " + groupSize);
      }
      if (out % perWord != 0 || in % perWord != 0) {
        checks.wrong(
            name
                + " has "
                + in
                + " inputs and "
                + out
                + " outputs, expected multiples of "
                + perWord
                + ", which are packed into a word");
        return false;
      }
      return wholeGroups;
    }

    private static int groups(int groupSize, int in) {
      return groupSize == -1 ? 1 : in / groupSize;
    }

    private Weight taken(StoredMatrix matrix) {
      if (take) {
        return backend.weight(matrix);
      }
      matrix.check(checks::wrong);
      copiedBytes = Math.addExact(copiedBytes, backend.copiedBytes(matrix));
      return UNTAKEN;
    }
  }
}
