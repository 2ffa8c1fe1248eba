package io.github.nextclass.cli;

import io.github.nextclass.hub.Hub;
import io.github.nextclass.hub.HubCache;
import io.github.nextclass.hub.HubException;
import io.github.nextclass.hub.HubOptions;
import io.github.nextclass.hub.ModelName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
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
      paramLabel = "DIR|ORG/NAME",
      description =
          "A checkpoint folder as Hugging Face publishes it, or, where there is no such folder, a model "
              + "of the Hugging Face Hub, such as Qwen/Qwen3-0.6B: it is downloaded once. "
              + "Default: the small model that is shipped.")
  private @Nullable String model;

  @Option(
      names = "--revision",
      paramLabel = "REV",
      description = "The model's branch, tag or commit on the hub. Default: main.")
  private @Nullable String revision;

  /** The folder given, that of the model named, or the shipped model's. */
  final Path folder() throws IOException {
    if (model != null) {
      return folder(model);
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

  private Path folder(String given) throws IOException {
    boolean isFolder = Files.isDirectory(Path.of(given));
    if (!ModelName.isValid(given)) { // the hub is not asked, nor its settings read
      if (!isFolder) {
        throw Files.exists(Path.of(given))
            ? new NotDirectoryException(given)
            : new NoSuchFileException(given);
      }
      return Path.of(given);
    }
    try (DownloadLine line = new DownloadLine(spec.commandLine().getErr())) {
      HubOptions options = hubOptions().withListener(line);
      if (isFolder) {
        noteOtherModel(ModelName.parse(given), options);
        return Path.of(given);
      }
      return Hub.fetch(given, options);
    } catch (HubException e) {
      throw new HubException(e.getMessage() + " (there is no folder " + given + " either)", e);
    }
  }

  private HubOptions hubOptions() {
    try {
      HubOptions options = HubOptions.fromEnvironment();
      return revision == null ? options : options.withRevision(revision);
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  /** Two models have the name: which one is it? */
  private void noteOtherModel(ModelName name, HubOptions options) throws IOException {
    if (new HubCache(options.cache()).find(name, options.revision()).isPresent()) {
      spec.commandLine()
          .getErr()
          .println(
              "nextclass: using the folder " + name + ", not the model of that name in the cache");
    }
  }

  final boolean isGiven() {
    return model != null;
  }

  final ParameterException usage(@Nullable String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
