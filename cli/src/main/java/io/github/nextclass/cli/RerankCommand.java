package io.github.nextclass.cli;

import io.github.nextclass.sampling.Embedder;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.LanguageModelOptions;
import io.github.nextclass.sampling.RankedDocument;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code nextclass rerank}: documents in the order in which they answer a query. */
@Command(
    name = "rerank",
    description = "Sort texts by how well they answer a query; prints score and text, best first.")
final class RerankCommand extends CliCommand {
  @Mixin private final TextOptions documents = new TextOptions();
  @Mixin private final ModelOptions model = new ModelOptions();

  @SuppressWarnings("NullAway.Init") // required
  @Option(names = "--query", required = true, paramLabel = "TEXT", description = "The query.")
  private String query;

  @Option(
      names = "--task",
      paramLabel = "SENTENCE",
      description = "What the search is for. Default: \"${DEFAULT-VALUE}\".")
  private String task = Embedder.WEB_SEARCH;

  @Option(names = "--json", description = "Print a line of JSON for each text.")
  private boolean json;

  @Override
  void run() throws IOException {
    List<String> all = documents.texts();
    try (LanguageModel languageModel =
        LanguageModel.load(
            model.folder(), new LanguageModelOptions(model.engineOptions(), Integer.MAX_VALUE))) {
      for (RankedDocument ranked : languageModel.reranker().rerank(task, query, all)) {
        if (json) {
          Json.appendLine(
              out(),
              line -> {
                line.writeNumberProperty("index", ranked.index());
                line.writeNumberProperty("score", ranked.score());
                line.writeStringProperty("document", ranked.document());
              });
        } else {
          out().printf(Locale.ROOT, "%.4f\t%s%n", ranked.score(), ranked.document());
        }
      }
      out().flush();
    }
  }
}
