package io.github.nextclass.cli;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Qwen3Config;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.core.JsonGenerator;

/** {@code nextclass inspect}: what a checkpoint is, and what memory it needs. */
@Command(
    name = "inspect",
    description = "Show a checkpoint's shape, its tensors and the memory that it needs.")
final class InspectCommand extends CliCommand {
  /** The layers whose tensors have the same type and shape are shown as one line. */
  private static final Pattern LAYER = Pattern.compile("(?<=\\blayers\\.)\\d+");

  @Mixin private final ModelOptions model = new ModelOptions();

  @Option(
      names = {"-c", "--context"},
      paramLabel = "N",
      description = "Tokens to reckon the KV cache for. Default: the model's context length.")
  private @Nullable Integer context;

  @Option(names = "--all", description = "List the tensors of every layer.")
  private boolean all;

  @Option(names = "--json", description = "Print one line of JSON.")
  private boolean json;

  /** Bytes. */
  private record Memory(
      long weights,
      long copiedWeights,
      long kvPerToken,
      int context,
      long kvOfContext,
      long activations) {}

  @Override
  void run() throws IOException {
    if (context != null && context < 1) {
      throw usage("--context is " + context + ", expected at least 1");
    }
    Path folder = model.folder();
    try (Engine engine = Engine.load(folder, model.engineOptions());
        TensorSource source = Safetensors.open(folder)) {
      Qwen3Config config = engine.config();
      int tokens = context == null ? config.maxPositionEmbeddings() : context;
      Memory memory =
          new Memory(
              engine.weightBytes(),
              engine.copiedWeightBytes(),
              engine.kvBytesPerPosition(),
              tokens,
              Math.multiplyExact(engine.kvBytesPerPosition(), tokens),
              engine.activationBytes());
      List<Tensor> tensors = new ArrayList<>();
      for (String name : source.names()) {
        tensors.add(source.tensor(name));
      }
      if (json) {
        Json.printLine(out(), line -> writeJson(line, folder, engine, memory, tensors));
      } else {
        printConfig(folder, engine, tensors);
        printMemory(memory);
        printTensors(tensors);
      }
    }
  }

  // ------------------------------------------------------------------ for a person

  private void printConfig(Path folder, Engine engine, List<Tensor> tensors) {
    Qwen3Config config = engine.config();
    out().println(folder);
    row("architecture", String.join(", ", config.architectures()));
    row("runs on", engine.description());
    row("parameters", Format.count(parameters(config, tensors)));
    row("quantization", quantization(config));
    row("vocab_size", config.vocabSize());
    row("hidden_size", config.hiddenSize());
    row("intermediate_size", config.intermediateSize());
    row("num_hidden_layers", config.numHiddenLayers());
    row("num_attention_heads", config.numAttentionHeads());
    row("num_key_value_heads", config.numKeyValueHeads());
    row("head_dim", config.headDim());
    row("max_position_embeddings", config.maxPositionEmbeddings());
    row("rms_norm_eps", config.rmsNormEps());
    row("rope_parameters", config.ropeParameters());
    row("attention_bias", config.attentionBias());
    row("tie_word_embeddings", config.tieWordEmbeddings());
    row("bos_token_id", config.bosTokenId());
    row("eos_token_id", config.eosTokenId());
  }

  private void printMemory(Memory memory) {
    out().println();
    out().println("memory");
    row("weights", Format.bytes(memory.weights()));
    if (memory.copiedWeights() > 0) {
      row("weights, copied in row order", Format.bytes(memory.copiedWeights()));
    }
    row("KV cache, each token", Format.bytes(memory.kvPerToken()));
    row("KV cache, " + memory.context() + " tokens", Format.bytes(memory.kvOfContext()));
    row("activations, at most", Format.bytes(memory.activations()));
  }

  private void printTensors(List<Tensor> tensors) {
    Map<String, Integer> lines = new LinkedHashMap<>();
    for (Tensor tensor : tensors) {
      String name = all ? tensor.name() : LAYER.matcher(tensor.name()).replaceFirst("*");
      lines.merge(
          String.format("  %-52s %-8s %s", name, tensor.dtype(), Arrays.toString(tensor.shape())),
          1,
          Integer::sum);
    }
    out().println();
    out().println("tensors (" + tensors.size() + ")");
    lines.forEach((line, count) -> out().println(count == 1 ? line : line + "  x " + count));
  }

  private void row(String name, Object value) {
    out().printf("  %-28s %s%n", name, value);
  }

  // ------------------------------------------------------------------ for a program

  private static void writeJson(
      JsonGenerator json, Path folder, Engine engine, Memory memory, List<Tensor> tensors) {
    Qwen3Config config = engine.config();
    json.writeStringProperty("model", folder.toString());
    json.writeStringProperty("backend", engine.description());
    json.writeNumberProperty("parameters", parameters(config, tensors));
    json.writeStringProperty("quantization", quantization(config));
    json.writeObjectPropertyStart("config");
    json.writeNumberProperty("vocab_size", config.vocabSize());
    json.writeNumberProperty("hidden_size", config.hiddenSize());
    json.writeNumberProperty("intermediate_size", config.intermediateSize());
    json.writeNumberProperty("num_hidden_layers", config.numHiddenLayers());
    json.writeNumberProperty("num_attention_heads", config.numAttentionHeads());
    json.writeNumberProperty("num_key_value_heads", config.numKeyValueHeads());
    json.writeNumberProperty("head_dim", config.headDim());
    json.writeNumberProperty("max_position_embeddings", config.maxPositionEmbeddings());
    json.writeBooleanProperty("attention_bias", config.attentionBias());
    json.writeBooleanProperty("tie_word_embeddings", config.tieWordEmbeddings());
    json.writeEndObject();
    json.writeObjectPropertyStart("memory");
    json.writeNumberProperty("weight_bytes", memory.weights());
    json.writeNumberProperty("copied_weight_bytes", memory.copiedWeights());
    json.writeNumberProperty("kv_bytes_per_token", memory.kvPerToken());
    json.writeNumberProperty("context", memory.context());
    json.writeNumberProperty("kv_bytes", memory.kvOfContext());
    json.writeNumberProperty("activation_bytes", memory.activations());
    json.writeEndObject();
    json.writeArrayPropertyStart("tensors");
    for (Tensor tensor : tensors) {
      json.writeStartObject();
      json.writeStringProperty("name", tensor.name());
      json.writeStringProperty("dtype", tensor.dtype().toString());
      json.writeName("shape");
      json.writeArray(tensor.shape(), 0, tensor.rank());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static String quantization(Qwen3Config config) {
    return config.quantization() == null ? "none" : config.quantization().toString();
  }

  /** Quantised tensors hold several weights in an element, and scales, which are none. */
  private static long parameters(Qwen3Config config, List<Tensor> tensors) {
    if (config.quantization() != null) {
      return parametersOfShape(config);
    }
    return tensors.stream().mapToLong(Tensor::elementCount).sum();
  }

  private static long parametersOfShape(Qwen3Config config) {
    long hidden = config.hiddenSize();
    long queries = config.queryWidth();
    long keys = config.keyValueWidth();
    long matrices = 2 * (queries + keys) * hidden + 3 * hidden * config.intermediateSize();
    long norms = 2 * hidden + 2L * config.headDim();
    long biases = config.attentionBias() ? queries + 2 * keys + hidden : 0;
    long tables = (config.tieWordEmbeddings() ? 1 : 2) * hidden * config.vocabSize();
    return config.numHiddenLayers() * (matrices + norms + biases) + hidden + tables;
  }
}
