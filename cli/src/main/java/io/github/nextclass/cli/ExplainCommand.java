package io.github.nextclass.cli;

import io.github.nextclass.sampling.ClassScore;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.LanguageModelOptions;
import io.github.nextclass.sampling.Prediction;
import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.core.JsonGenerator;

/** {@code nextclass explain}: a generation as what it is, one classification after the other. */
@Command(
    name = "explain",
    description = {
      "Show each step of a generation as a classification of the text so far.",
      "",
      "Bars are probabilities before temperature and filters. The chosen class is marked; one that "
          + "the filters left out, too."
    })
final class ExplainCommand extends CliCommand {
  private static final int BAR_CELLS = 30;

  /** From an eighth of a cell to seven. */
  private static final String PART_OF_CELL = "▏▎▍▌▋▊▉";

  @Mixin private final PromptOptions prompt = new PromptOptions();
  @Mixin private final ModelOptions model = new ModelOptions();
  @Mixin private final DecodingOptions decoding = new DecodingOptions();

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Steps to show. Default: ${DEFAULT-VALUE}.")
  private int steps = 8;

  @Option(
      names = "--top",
      paramLabel = "N",
      description = "Classes to show for each step. Default: ${DEFAULT-VALUE}.")
  private int top = 5;

  @Option(names = "--json", description = "Print a line of JSON for each step.")
  private boolean json;

  @Override
  void run() throws IOException {
    prompt.check();
    if (steps < 1 || top < 1) {
      throw usage("--steps and --top must be at least 1");
    }
    LanguageModelOptions options =
        new LanguageModelOptions(model.engineOptions(), Integer.MAX_VALUE);
    try (LanguageModel languageModel = LanguageModel.load(model.folder(), options)) {
      Decoding settings =
          decoding
              .applyTo(languageModel, languageModel.defaultDecoding().maxNewTokens(steps), steps)
              .topClasses(top);
      Tokenizer tokenizer = languageModel.tokenizer().orElse(null);
      for (Prediction step :
          languageModel.generate(prompt.tokenIds(languageModel), settings).predictions()) {
        List<ClassScore> classes = withChosen(step);
        if (json) {
          Json.printLine(out(), line -> write(line, step, classes, label(tokenizer)));
        } else {
          print(step, classes, label(tokenizer));
        }
      }
    }
  }

  /** How a class is called: by its token's text where there is a tokenizer. */
  private interface Label {
    String of(int tokenId);
  }

  private static Label label(@Nullable Tokenizer tokenizer) {
    return tokenId -> tokenizer == null ? "" : Json.quote(tokenizer.decode(new int[] {tokenId}));
  }

  /** The best classes, and the chosen one if it is not among them. */
  private static List<ClassScore> withChosen(Prediction step) {
    List<ClassScore> classes = new ArrayList<>(step.top());
    if (classes.stream().noneMatch(score -> score.tokenId() == step.tokenId())) {
      classes.add(step.chosen());
    }
    return classes;
  }

  private void print(Prediction step, List<ClassScore> classes, Label label) {
    out()
        .printf(
            Locale.ROOT,
            "step %d, after %d tokens: %d %s%n",
            step.step() + 1,
            step.position(),
            step.tokenId(),
            label.of(step.tokenId()));
    for (ClassScore score : classes) {
      out()
          .printf(
              Locale.ROOT,
              "  %s %6.2f %% %s %7d %s%n",
              score.tokenId() == step.tokenId() ? "->" : score.eligible() ? "  " : " x",
              100 * score.probability(),
              bar(score.probability()),
              score.tokenId(),
              label.of(score.tokenId()));
    }
    out().println();
    out().flush();
  }

  /** As wide for every probability, so that columns stay. */
  static String bar(double probability) {
    int eighths = (int) Math.round(probability * BAR_CELLS * 8);
    StringBuilder bar = new StringBuilder("█".repeat(eighths / 8));
    if (eighths % 8 > 0) {
      bar.append(PART_OF_CELL.charAt(eighths % 8 - 1));
    }
    return bar + " ".repeat(BAR_CELLS - bar.length());
  }

  private static void write(
      JsonGenerator line, Prediction step, List<ClassScore> classes, Label label) {
    line.writeNumberProperty("step", step.step());
    line.writeNumberProperty("position", step.position());
    line.writeNumberProperty("token_id", step.tokenId());
    line.writeArrayPropertyStart("classes");
    for (ClassScore score : classes) {
      line.writeStartObject();
      line.writeNumberProperty("token_id", score.tokenId());
      String text = label.of(score.tokenId());
      if (!text.isEmpty()) {
        line.writeName("text");
        line.writeRawValue(text);
      }
      line.writeNumberProperty("logit", score.logit());
      line.writeNumberProperty("probability", score.probability());
      line.writeNumberProperty("filtered_probability", score.filteredProbability());
      line.writeEndObject();
    }
    line.writeEndArray();
  }
}
