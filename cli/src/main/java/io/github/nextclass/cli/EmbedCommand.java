package io.github.nextclass.cli;

import io.github.nextclass.sampling.Embedder;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.LanguageModelOptions;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code nextclass embed}: texts to vectors. */
@Command(
    name = "embed",
    description = "Turn texts into vectors of length 1; prints a line for each.")
final class EmbedCommand extends CliCommand {
  @Mixin private final TextOptions texts = new TextOptions();
  @Mixin private final ModelOptions model = new ModelOptions();

  @Option(
      names = "--dimension",
      paramLabel = "N",
      description = "Keep the first N numbers of each vector. Default: all.")
  private @Nullable Integer dimension;

  @Option(
      names = "--query",
      description = "The texts are queries: put the task before them. Default: documents, bare.")
  private boolean query;

  @Option(
      names = "--task",
      paramLabel = "SENTENCE",
      description = "What queries are for. Default: \"" + Embedder.WEB_SEARCH + "\".")
  private @Nullable String task;

  @Option(names = "--json", description = "Print a line of JSON for each text.")
  private boolean json;

  @Override
  void run() throws IOException {
    if (task != null && !query) {
      throw usage("--task needs --query");
    }
    List<String> all = texts.texts();
    try (LanguageModel languageModel =
        LanguageModel.load(
            model.folder(), new LanguageModelOptions(model.engineOptions(), Integer.MAX_VALUE))) {
      Embedder embedder =
          dimension == null ? languageModel.embedder() : languageModel.embedder(dimension);
      List<float[]> vectors =
          query
              ? embedder.embedQueries(task == null ? Embedder.WEB_SEARCH : task, all)
              : embedder.embed(all);
      vectors.forEach(this::print);
      out().flush();
    }
  }

  private void print(float[] vector) {
    if (json) {
      Json.appendLine(
          out(),
          line -> {
            line.writeArrayPropertyStart("embedding");
            for (float value : vector) {
              line.writeNumber(value);
            }
            line.writeEndArray();
          });
      return;
    }
    StringBuilder line = new StringBuilder();
    for (float value : vector) {
      line.append(line.isEmpty() ? "" : " ").append(value);
    }
    out().println(line);
  }
}
