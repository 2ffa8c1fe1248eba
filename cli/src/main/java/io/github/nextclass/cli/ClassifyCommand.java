package io.github.nextclass.cli;

import io.github.nextclass.sampling.Classification;
import io.github.nextclass.sampling.Classifier;
import io.github.nextclass.sampling.ClassifierOptions;
import io.github.nextclass.sampling.LabelScore;
import io.github.nextclass.sampling.LabelledText;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.LanguageModelOptions;
import io.github.nextclass.sampling.PromptTemplate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.core.JsonGenerator;

/** {@code nextclass classify}: texts in, a label and the probabilities of all labels out. */
@Command(
    name = "classify",
    description = {
      "Sort texts into labels: given ones without training, or those of a trained score head.",
      "",
      "Prints a line for each text: its label, a tab, and all labels with their probabilities."
    })
final class ClassifyCommand extends CliCommand {
  @Mixin private final TextOptions texts = new TextOptions();
  @Mixin private final ModelOptions model = new ModelOptions();

  @Option(
      names = "--labels",
      split = ",",
      paramLabel = "LABEL",
      description = "The labels. Default: those of a Qwen3ForSequenceClassification.")
  private @Nullable List<String> labels;

  @Option(
      names = "--template",
      paramLabel = "PATTERN",
      description =
          "How the question is put: {text}, {labels} or {label}, and {answer}; \\n ends a line.")
  private @Nullable String template;

  @Option(
      names = "--examples",
      paramLabel = "FILE",
      description = "Lines {\"text\": ..., \"label\": ...} to show before the question.")
  private @Nullable Path examples;

  @Option(names = "--multi-label", description = "Any number of labels may fit a text.")
  private boolean multiLabel;

  @Option(
      names = "--calibrate",
      description = "Subtract the score that each label gets for an empty text.")
  private boolean calibrate;

  @Option(
      names = "--length-normalize",
      description = "Score labels by the mean over their tokens, not by the sum.")
  private boolean lengthNormalize;

  @Option(names = "--json", description = "Print a line of JSON for each text.")
  private boolean json;

  @Override
  void run() throws IOException {
    boolean options =
        template != null || examples != null || multiLabel || calibrate || lengthNormalize;
    if (labels == null && options) {
      throw usage(
          "--template, --examples, --multi-label, --calibrate and --length-normalize need --labels");
    }
    List<String> all = texts.texts();
    ClassifierOptions classifierOptions = classifierOptions();
    try (LanguageModel languageModel =
        LanguageModel.load(
            model.folder(), new LanguageModelOptions(model.engineOptions(), Integer.MAX_VALUE))) {
      Classifier classifier =
          labels == null
              ? languageModel.classifier()
              : languageModel.classifier(labels, classifierOptions);
      for (Classification classification : classifier.classify(all)) {
        if (json) {
          Json.appendLine(out(), line -> write(line, classification));
        } else {
          out().println(classification.label() + "\t" + probabilities(classification));
        }
      }
      out().flush();
    }
  }

  private ClassifierOptions classifierOptions() throws IOException {
    ClassifierOptions options =
        ClassifierOptions.defaults()
            .withMultiLabel(multiLabel)
            .withCalibration(calibrate)
            .withLengthNormalization(lengthNormalize);
    if (template != null) {
      try {
        options = options.withTemplate(PromptTemplate.of(template.replace("\\n", "\n")));
      } catch (IllegalArgumentException e) {
        throw usage("--" + e.getMessage());
      }
    }
    if (examples != null) {
      List<LabelledText> shown = new ArrayList<>();
      Json.forEachLine(
          examples, line -> shown.add(LabelledText.of(line.string("text"), line.string("label"))));
      options = options.withExamples(shown);
    }
    return options;
  }

  private static String probabilities(Classification classification) {
    return classification.labels().stream()
        .map(label -> String.format(Locale.ROOT, "%s %.4f", label.label(), label.probability()))
        .collect(Collectors.joining("  "));
  }

  private static void write(JsonGenerator line, Classification classification) {
    line.writeStringProperty("label", classification.label());
    line.writeArrayPropertyStart("labels");
    for (LabelScore label : classification.labels()) {
      line.writeStartObject();
      line.writeStringProperty("label", label.label());
      line.writeNumberProperty("probability", label.probability());
      line.writeNumberProperty("score", label.score());
      line.writeEndObject();
    }
    line.writeEndArray();
  }
}
