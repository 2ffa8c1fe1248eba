package io.github.nextclass.cli;

import io.github.nextclass.hub.HubCache;
import io.github.nextclass.hub.HubOptions;
import io.github.nextclass.hub.ModelName;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code nextclass rm}: removes models from the cache. */
@Command(
    name = "rm",
    description = "Remove models from the cache of Hugging Face, with all their revisions.")
final class RmCommand extends CliCommand {
  @Parameters(paramLabel = "ORG/NAME", arity = "1..*", description = "As 'models' lists them.")
  private List<String> names = List.of();

  @Override
  void run() throws IOException {
    List<ModelName> models;
    HubCache cache;
    try {
      models = names.stream().map(ModelName::parse).toList();
      cache = new HubCache(HubOptions.fromEnvironment().cache());
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
    for (ModelName model : models) {
      out().println("removed " + model + ", " + Format.bytes(cache.remove(model)));
    }
  }
}
