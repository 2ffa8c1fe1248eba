package io.github.nextclass.cli;

import io.github.nextclass.sampling.BeamSearch;
import io.github.nextclass.sampling.BeamStep;
import io.github.nextclass.sampling.Cancellation;
import io.github.nextclass.sampling.ClassScore;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.DecodingSettings;
import io.github.nextclass.sampling.FilterEffect;
import io.github.nextclass.sampling.Generation;
import io.github.nextclass.sampling.GenerationListener;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.LanguageModelOptions;
import io.github.nextclass.sampling.Prediction;
import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Write a page with each step, what each filter does, and attention.")
  private @Nullable Path html;

  @Option(
      names = "--attention",
      paramLabel = "LAYER,HEAD",
      split = ",",
      description = "With --html: the head to show, from 0. Default: head 0 of the last layer.")
  private int @Nullable [] attention;

  @Option(
      names = "--beams",
      paramLabel = "N",
      description = "Search with N beams; --html shows the path.")
  private @Nullable Integer beams;

  @Override
  void run() throws IOException {
    prompt.check();
    if (steps < 1 || top < 1) {
      throw usage("--steps and --top must be at least 1");
    }
    if (attention != null && (html == null || attention.length != 2)) {
      throw usage("--attention needs --html, and two numbers: LAYER,HEAD");
    }
    LanguageModelOptions options =
        new LanguageModelOptions(model.engineOptions(), Integer.MAX_VALUE);
    try (LanguageModel languageModel = LanguageModel.load(model.folder(), options)) {
      Decoding settings =
          decoding
              .applyTo(languageModel, languageModel.defaultDecoding().maxNewTokens(steps), steps)
              .topClasses(top)
              .traceFilters(html != null || json);
      Explanation explanation = explain(languageModel, withBeams(settings));
      if (html != null) {
        Files.writeString(html, ExplainPage.of(explanation));
        return;
      }
      for (Prediction step : explanation.generation().predictions()) {
        List<ClassScore> classes = Explanation.classes(step);
        if (json) {
          Json.printLine(out(), line -> write(line, step, classes, explanation.label()));
        } else {
          print(step, classes, explanation.label());
        }
      }
    }
  }

  private Decoding withBeams(Decoding settings) {
    if (beams == null) {
      return settings;
    }
    try {
      Decoding drawnOrBest = decoding.isDrawing() ? settings : settings.temperature(0);
      return drawnOrBest.beams(BeamSearch.of(beams));
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
  }

  private Explanation explain(LanguageModel languageModel, Decoding settings) throws IOException {
    int[] tokenIds = prompt.tokenIds(languageModel);
    List<BeamStep> beamSteps = new ArrayList<>();
    GenerationListener listener =
        new GenerationListener() {
          @Override
          public void onText(String text) {}

          @Override
          public void onBeams(BeamStep step) {
            beamSteps.add(step);
          }
        };
    Generation generation =
        languageModel.generate(tokenIds, settings, listener, new Cancellation());
    Tokenizer tokenizer = languageModel.tokenizer().orElse(null);
    Explanation explanation =
        new Explanation(
            String.valueOf(model.folder().toAbsolutePath().normalize().getFileName()),
            phrases(settings.settings(), generation),
            tokenIds,
            generation,
            beamSteps,
            null,
            tokenId -> tokenizer == null ? "" : tokenizer.decode(new int[] {tokenId}));
    return html == null ? explanation : explanation.with(attention(languageModel, explanation));
  }

  private Explanation.Attention attention(LanguageModel languageModel, Explanation explanation) {
    int layer =
        attention == null ? languageModel.engine().config().numHiddenLayers() - 1 : attention[0];
    int head = attention == null ? 0 : attention[1];
    int[] sequence = explanation.sequence();
    try {
      // The last token chosen was not read, so it looked at nothing.
      int[] read = Arrays.copyOf(sequence, Math.max(1, sequence.length - 1));
      return new Explanation.Attention(layer, head, languageModel.attention(read, layer, head));
    } catch (IllegalArgumentException e) {
      throw usage("--attention: " + e.getMessage());
    }
  }

  /** How classes were chosen, for a person. */
  private static List<String> phrases(DecodingSettings settings, Generation generation) {
    List<String> phrases = new ArrayList<>();
    settings
        .beams()
        .ifPresent(search -> phrases.add("the best of " + search.numBeams() + " beams"));
    if (settings.isSampling()) {
      phrases.add("drawn by probability, seed " + generation.seed());
    } else if (phrases.isEmpty()) {
      phrases.add("the best class of each step");
    }
    return phrases;
  }

  private void print(Prediction step, List<ClassScore> classes, Explanation.Label label) {
    out()
        .printf(
            Locale.ROOT,
            "step %d, after %d tokens: %d %s%n",
            step.step() + 1,
            step.position(),
            step.tokenId(),
            quoted(label, step.tokenId()));
    for (ClassScore score : classes) {
      out()
          .printf(
              Locale.ROOT,
              "  %s %6.2f %% %s %7d %s%n",
              score.tokenId() == step.tokenId() ? "->" : score.eligible() ? "  " : " x",
              100 * score.probability(),
              bar(score.probability()),
              score.tokenId(),
              quoted(label, score.tokenId()));
    }
    out().println();
    out().flush();
  }

  private static String quoted(Explanation.Label label, int tokenId) {
    String text = label.of(tokenId);
    return text.isEmpty() ? "" : Json.quote(text);
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
      JsonGenerator line, Prediction step, List<ClassScore> classes, Explanation.Label label) {
    line.writeNumberProperty("step", step.step());
    line.writeNumberProperty("position", step.position());
    line.writeNumberProperty("token_id", step.tokenId());
    line.writeStringProperty("reason", step.choice().reason());
    line.writeArrayPropertyStart("classes");
    for (ClassScore score : classes) {
      line.writeStartObject();
      line.writeNumberProperty("token_id", score.tokenId());
      String text = label.of(score.tokenId());
      if (!text.isEmpty()) {
        line.writeName("text");
        line.writeRawValue(Json.quote(text));
      }
      line.writeNumberProperty("logit", score.logit());
      line.writeNumberProperty("probability", score.probability());
      line.writeNumberProperty("filtered_probability", score.filteredProbability());
      line.writeEndObject();
    }
    line.writeEndArray();
    line.writeArrayPropertyStart("filters");
    for (FilterEffect filter : step.filters()) {
      line.writeStartObject();
      line.writeStringProperty("filter", filter.filter());
      line.writeNumberProperty("classes_left", filter.classesLeft());
      line.writeArrayPropertyStart("classes");
      for (FilterEffect.Score score : filter.scores()) {
        line.writeStartObject();
        line.writeNumberProperty("token_id", score.tokenId());
        if (score.score() != Float.NEGATIVE_INFINITY) {
          line.writeNumberProperty("score", score.score());
        }
        line.writeNumberProperty("probability", score.probability());
        line.writeEndObject();
      }
      line.writeEndArray();
      line.writeEndObject();
    }
    line.writeEndArray();
  }
}
