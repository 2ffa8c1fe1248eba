package io.github.nextclass.cli;

import io.github.nextclass.hub.CachedModel;
import io.github.nextclass.hub.HubCache;
import io.github.nextclass.hub.HubOptions;
import java.io.IOException;
import java.util.List;
import java.util.TreeSet;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.core.JsonGenerator;

/** {@code nextclass models}: what is in the cache. */
@Command(
    name = "models",
    description = "List the models in the cache of Hugging Face, with their sizes.")
final class ModelsCommand extends CliCommand {
  @Option(names = "--json", description = "Print one line of JSON for each model.")
  private boolean json;

  @Override
  void run() throws IOException {
    HubOptions options;
    try {
      options = HubOptions.fromEnvironment();
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
    List<CachedModel> models = new HubCache(options.cache()).models();
    for (CachedModel model : models) {
      if (json) {
        Json.printLine(out(), line -> write(line, model));
      } else {
        print(model);
      }
    }
    if (models.isEmpty() && !json) {
      err().println("no models in " + options.cache() + "; 'nextclass pull ORG/NAME' brings one");
    }
  }

  private static void write(JsonGenerator line, CachedModel model) {
    line.writeStringProperty("model", model.name().toString());
    line.writeStringProperty("folder", model.folder().toString());
    line.writeNumberProperty("bytes", model.sizeBytes());
    line.writeNumberProperty("incomplete_bytes", model.incompleteBytes());
    line.writeBooleanProperty("complete", model.complete());
    line.writeObjectPropertyStart("revisions");
    model.revisions().forEach(line::writeStringProperty);
    line.writeEndObject();
  }

  private void print(CachedModel model) {
    String state = model.complete() ? "" : "  (cannot be loaded: files are missing)";
    if (model.incompleteBytes() > 0) {
      state += "  (unfinished: " + Format.bytes(model.incompleteBytes()) + ")";
    }
    out()
        .printf(
            "%-40s %10s  %s%s%n",
            model.name(),
            Format.bytes(model.sizeBytes()),
            String.join(", ", new TreeSet<>(model.revisions().keySet())),
            state);
  }
}
