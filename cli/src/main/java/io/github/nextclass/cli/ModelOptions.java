package io.github.nextclass.cli;

import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.KvCacheFormat;
import io.github.nextclass.engine.PrimitivesChoice;
import io.github.nextclass.engine.WeightFormat;
import io.github.nextclass.safetensors.Storage;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which model, and how it runs. */
final class ModelOptions extends FolderOption {
  /** How weights are held. */
  enum Weights {
    /** 16-bit brain floats, or whatever the checkpoint has. */
    BF16(WeightFormat.AS_STORED),
    /** 8 bits. */
    Q8(WeightFormat.Q8),
    /** 4 bits. */
    Q4(WeightFormat.Q4);

    private final WeightFormat format;

    Weights(WeightFormat format) {
      this.format = format;
    }

    WeightFormat format() {
      return format;
    }
  }

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description = "Threads of the forward pass. Default: one for each core.")
  private @Nullable Integer threads;

  @Option(
      names = "--primitives",
      paramLabel = "auto|scalar|vector",
      description = "How inner loops run. Default: auto, the Vector API where it is there.")
  private PrimitivesChoice primitives = PrimitivesChoice.AUTO;

  @Option(
      names = "--storage",
      paramLabel = "mmap|copy",
      description = "Map the weight files, or copy them into memory. Default: mmap.")
  private Storage storage = Storage.MMAP;

  @Option(
      names = "--weights",
      paramLabel = "bf16|q8|q4",
      description =
          "The type of the weights: q8 and q4 are made while loading, in 8.5 and 4.5 bits. Default:"
              + " that of the checkpoint.")
  private @Nullable Weights weights;

  @Option(
      names = "--kv-cache",
      paramLabel = "f32|bf16|q8",
      description = {
        "How keys and values are held: bf16 takes half the memory and less time in a long context,"
            + " q8 a quarter of the memory. Default: f32.",
        "On a GPU only f32 can be chosen."
      })
  private KvCacheFormat kvCache = KvCacheFormat.F32;

  @Option(
      names = "--backend",
      paramLabel = "auto|cpu|cuda",
      description = {
        "What runs the model. Default: auto, a GPU where its backend is on the class path, else the"
            + " CPU.",
        "With NEXTCLASS_CUDA=1 in the environment ./nextclass brings cuda along."
      })
  private String backend = EngineOptions.AUTO;

  @Option(
      names = "--rounded-activations",
      description =
          "On a GPU, prompts and large batches round activations to bf16: faster, and the scores as"
              + " of a model in bf16.")
  private boolean roundedActivations;

  @Nullable Weights weights() {
    return weights;
  }

  EngineOptions engineOptions() {
    EngineOptions options =
        EngineOptions.defaults()
            .withPrimitives(primitives)
            .withStorage(storage)
            .withWeights(weights == null ? WeightFormat.AS_STORED : weights.format())
            .withBackend(backend)
            .withKvCache(kvCache)
            .withRoundedActivations(roundedActivations);
    try {
      return threads == null ? options : options.withThreads(threads);
    } catch (IllegalArgumentException e) {
      throw usage("--" + e.getMessage());
    }
  }
}
