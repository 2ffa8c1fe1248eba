package io.github.nextclass.cli;

import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.LanguageModelOptions;
import io.github.nextclass.sampling.TextScore;
import io.github.nextclass.sampling.TextScorer;
import io.github.nextclass.sampling.TokenScore;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.core.JsonGenerator;

/** {@code nextclass score}: how likely texts are. */
@Command(
    name = "score",
    description = {
      "Tell how likely texts are, or texts that continue a prefix.",
      "",
      "Prints a line for each: log-probability in nats, scored tokens, perplexity. The first token of"
          + " a text without a prefix is not scored."
    })
final class ScoreCommand extends CliCommand {
  @Mixin private final TextOptions texts = new TextOptions();
  @Mixin private final ModelOptions model = new ModelOptions();

  @Option(
      names = "--prefix",
      paramLabel = "TEXT",
      description = "What comes before each text; not scored.")
  private @Nullable String prefix;

  @Option(
      names = "--json",
      description = "Print a line of JSON for each text, with the score of each token.")
  private boolean json;

  @Override
  void run() throws IOException {
    List<String> all = texts.texts();
    try (LanguageModel languageModel =
        LanguageModel.load(
            model.folder(), new LanguageModelOptions(model.engineOptions(), Integer.MAX_VALUE))) {
      TextScorer scorer = languageModel.scorer();
      for (int i = 0; i < all.size(); i++) {
        TextScore score = score(scorer, all, i);
        if (json) {
          Json.printLine(out(), line -> write(line, score, languageModel));
        } else {
          out()
              .printf(
                  Locale.ROOT,
                  "%.4f\t%d\t%.3f%n",
                  score.logProbability(),
                  score.tokens().size(),
                  score.perplexity());
          out().flush();
        }
      }
    }
  }

  private TextScore score(TextScorer scorer, List<String> all, int index) {
    String text = all.get(index);
    try {
      return prefix == null ? scorer.score(text) : scorer.score(prefix, text);
    } catch (IllegalArgumentException e) {
      String which = all.size() == 1 ? "" : "text %d of %d: ".formatted(index + 1, all.size());
      throw new IllegalArgumentException(which + e.getMessage(), e);
    }
  }

  private static void write(JsonGenerator line, TextScore score, LanguageModel model) {
    line.writeNumberProperty("log_probability", score.logProbability());
    line.writeNumberProperty("perplexity", score.perplexity());
    line.writeArrayPropertyStart("tokens");
    for (TokenScore token : score.tokens()) {
      line.writeStartObject();
      line.writeNumberProperty("position", token.position());
      line.writeNumberProperty("token_id", token.tokenId());
      line.writeStringProperty("text", model.decode(token.tokenId()));
      line.writeNumberProperty("log_probability", token.logProbability());
      line.writeEndObject();
    }
    line.writeEndArray();
  }
}
