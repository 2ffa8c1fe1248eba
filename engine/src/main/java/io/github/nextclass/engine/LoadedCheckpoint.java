package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.Storage;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * All that loading a checkpoint leaves behind, and the end of it.
 *
 * @param config the shape
 * @param tensors the weight files, open
 * @param backend what runs the model
 * @param weights the matrices, where the backend wants them
 * @param quantized the memory of matrices that were quantised while loading
 * @param budget the memory that may still be taken
 */
record LoadedCheckpoint(
    Qwen3Config config,
    TensorSource tensors,
    Backend backend,
    Qwen3Weights weights,
    Arena quantized,
    MemoryBudget budget)
    implements AutoCloseable {

  /** Loads a checkpoint, see {@link Engine#load(Path, EngineOptions, LoadProgress)}. */
  @SuppressWarnings("MustBeClosedChecker") // closed with the record, or by the handler below
  static LoadedCheckpoint load(Path folder, EngineOptions options, LoadProgress progress)
      throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new ModelFormatException(
          folder + ": no such folder; expected a Hugging Face checkpoint folder");
    }
    Qwen3Config config = Qwen3Config.read(folder.resolve("config.json"));
    MemoryBudget budget = new MemoryBudget(options.memoryBudgetBytes());
    if (options.storage() == Storage.COPY) {
      budget.reserveWeights(weightFileBytes(folder));
    }
    TensorSource tensors = Safetensors.open(folder, options.storage());
    Arena quantized = Arena.ofShared();
    Backend backend = null;
    try {
      backend = BackendSelector.ofServices().select(config, options);
      Qwen3Weights weights =
          weights(folder, tensors, config, options, backend, quantized, budget, progress);
      if (backend.deviceFreeBytes().isPresent()) {
        budget.limit(backend.deviceFreeBytes().getAsLong());
      } else {
        // After it, so that sizes which are wrong are called wrong.
        checkActivations(config, options, backend.mostHeadRows());
      }
      return new LoadedCheckpoint(config, tensors, backend, weights, quantized, budget);
    } catch (IOException | RuntimeException | Error e) {
      if (backend != null) {
        backend.close();
      }
      tensors.close();
      quantized.close();
      throw e;
    }
  }

  private static Qwen3Weights weights(
      Path folder,
      TensorSource tensors,
      Qwen3Config config,
      EngineOptions options,
      Backend backend,
      Arena quantized,
      MemoryBudget budget,
      LoadProgress progress)
      throws IOException {
    int bits = options.weights().bits();
    if (config.quantization() instanceof QuantizationConfig.Blocks blocks
        && (bits == 0 || bits == blocks.bits())) {
      bits = 0; // it is what is wanted
    }
    if (bits == 0) {
      return Qwen3Weights.load(folder, tensors, config, backend, null, budget::reserveRowOrder);
    }
    if (config.quantization() != null) {
      throw new ModelFormatException(
          folder
              + ": is quantised already, "
              + config.quantization()
              + "; "
              + options.weights()
              + " is made of floats");
    }
    try (WeightQuantizer quantizer =
        new WeightQuantizer(bits, options.threads(), quantized, progress)) {
      return Qwen3Weights.load(
          folder, tensors, config, backend, quantizer, budget::reserveQuantized);
    }
  }

  private static void checkActivations(
      Qwen3Config config, EngineOptions options, int mostHeadRows) {
    long needBytes = Activations.bytes(config, options.prefillChunk(), mostHeadRows);
    long heapBytes = Runtime.getRuntime().maxMemory();
    if (needBytes > heapBytes / 4 * 3) {
      throw new MemoryBudgetException(
          "need "
              + (needBytes >> 20)
              + " MiB of heap for passes of "
              + options.prefillChunk()
              + " tokens, the heap has "
              + (heapBytes >> 20)
              + " MiB; use a smaller prefillChunk or a larger -Xmx");
    }
  }

  private static long weightFileBytes(Path folder) throws IOException {
    long bytes = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.safetensors")) {
      for (Path file : files) {
        bytes = Math.addExact(bytes, Files.size(file));
      }
    }
    return bytes;
  }

  @Override
  public void close() {
    backend.close();
    tensors.close();
    quantized.close();
  }
}
