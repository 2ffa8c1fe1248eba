package io.github.nextclass.cli;

import io.github.nextclass.hub.Hub;
import io.github.nextclass.hub.HubOptions;
import io.github.nextclass.hub.ModelName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code nextclass pull}: downloads models, or what is new of them. */
@Command(
    name = "pull",
    description = {
      "Download models from the Hugging Face Hub, or what is new of them, and print their folders.",
      "",
      "HF_HUB_CACHE or HF_HOME say where they are kept, HF_TOKEN who you are, HF_ENDPOINT which hub, "
          + "https_proxy and no_proxy how to get there."
    })
final class PullCommand extends CliCommand {
  @Parameters(paramLabel = "ORG/NAME", arity = "1..*", description = "Such as Qwen/Qwen3-0.6B.")
  private List<String> names = List.of();

  @Option(
      names = "--revision",
      paramLabel = "REV",
      description = "A branch, a tag or a commit. Default: main.")
  private @Nullable String revision;

  @Option(names = "--json", description = "Print one line of JSON for each model.")
  private boolean json;

  @Override
  void run() throws IOException {
    List<ModelName> models;
    HubOptions options;
    try {
      models = names.stream().map(ModelName::parse).toList();
      options = HubOptions.fromEnvironment();
      options = revision == null ? options : options.withRevision(revision);
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
    for (ModelName model : models) {
      if (Files.isDirectory(Path.of(model.toString()))) {
        err().println("nextclass: there is a folder " + model + " here, which --model takes first");
      }
      Path folder;
      try (DownloadLine line = new DownloadLine(err())) {
        folder = Hub.pull(model, options.withListener(line));
      }
      if (json) {
        Json.printLine(
            out(),
            line -> {
              line.writeStringProperty("model", model.toString());
              line.writeStringProperty("commit", String.valueOf(folder.getFileName()));
              line.writeStringProperty("folder", folder.toString());
            });
      } else {
        out().println(folder);
      }
    }
  }
}
