package io.github.nextclass.cli;

import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.PrimitivesChoice;
import io.github.nextclass.safetensors.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which model, and how it runs. */
final class ModelOptions {
  private static final String HOME_PROPERTY = "nextclass.home";
  private static final String HOME_VARIABLE = "NEXTCLASS_HOME";
  private static final Path SHIPPED = Path.of("models", "storyteller");

  /** How weights are held; so far only as they are in the checkpoint. */
  enum Weights {
    /** 16-bit brain floats. */
    BF16
  }

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "DIR",
      description =
          "A checkpoint folder as Hugging Face publishes it; without it, the small model that is shipped.")
  private @Nullable Path model;

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description = "Threads of the forward pass. Default: one for each processor.")
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

  @SuppressWarnings("unused") // there is one value so far
  @Option(
      names = "--weights",
      paramLabel = "bf16",
      description = "The type of the weights. Default: that of the checkpoint.")
  private @Nullable Weights weights;

  /** The folder given, or the shipped model's. */
  Path folder() throws IOException {
    if (model != null) {
      if (!Files.isDirectory(model)) {
        throw new NoSuchFileException(model.toString());
      }
      return model;
    }
    String home = System.getProperty(HOME_PROPERTY, System.getenv(HOME_VARIABLE));
    if (home == null) {
      throw new ParameterException(
          spec.commandLine(), "--model is missing, and " + HOME_VARIABLE + " is not set either");
    }
    Path shipped = Path.of(home).resolve(SHIPPED);
    if (!Files.isDirectory(shipped)) {
      throw new IOException(shipped + ": the shipped model is not there; give --model DIR");
    }
    return shipped;
  }

  boolean isGiven() {
    return model != null;
  }

  EngineOptions engineOptions() {
    EngineOptions options =
        EngineOptions.defaults().withPrimitives(primitives).withStorage(storage);
    try {
      return threads == null ? options : options.withThreads(threads);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--" + e.getMessage(), e);
    }
  }
}
