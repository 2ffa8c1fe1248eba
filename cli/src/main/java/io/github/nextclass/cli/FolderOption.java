package io.github.nextclass.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which checkpoint. */
sealed class FolderOption permits ModelOptions {
  private static final String HOME_PROPERTY = "nextclass.home";
  private static final String HOME_VARIABLE = "NEXTCLASS_HOME";
  private static final Path SHIPPED = Path.of("models", "storyteller");

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "DIR",
      description =
          "A checkpoint folder as Hugging Face publishes it. Default: the small model that is shipped.")
  private @Nullable Path model;

  /** The folder given, or the shipped model's. */
  final Path folder() throws IOException {
    if (model != null) {
      if (!Files.isDirectory(model)) {
        throw new NoSuchFileException(model.toString());
      }
      return model;
    }
    String home = System.getProperty(HOME_PROPERTY, System.getenv(HOME_VARIABLE));
    if (home == null) {
      throw usage("--model is missing, and " + HOME_VARIABLE + " is not set either");
    }
    Path shipped = Path.of(home).resolve(SHIPPED);
    if (!Files.isDirectory(shipped)) {
      throw new IOException(shipped + ": the shipped model is not there; give --model DIR");
    }
    return shipped;
  }

  final boolean isGiven() {
    return model != null;
  }

  final ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
