package io.github.nextclass.sampling;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.tokenizer.Prompt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Classification without training: a prompt after which the label comes next, and the score that
 * the language model gives to each label there.
 *
 * <pre>
 *   score[label] = log p(label | prompt(text))              the sum over its tokens, or their mean
 *                - log p(label | prompt(""))                if calibrated
 *   probability  = softmax of the scores over the labels
 * </pre>
 *
 * <p>If several labels may fit, each is a question with the answers yes and no, and its probability
 * is the softmax over these two.
 */
final class LabelClassifier implements Classifier {
  private static final List<String> YES_NO = List.of("yes", "no");
  private static final String BETWEEN_EXAMPLES = "\n\n";

  private final List<String> labels;
  private final ClassifierOptions options;
  private final PromptTemplate template;
  private final TextEncoding encoding;
  private final ContinuationScorer scorer;
  private final int[] answerLengths;

  /** The scores for an empty text, a row for each question; null where they are not wanted. */
  private final double @Nullable [][] prior;

  LabelClassifier(
      Engine engine, TextEncoding encoding, List<String> labels, ClassifierOptions options) {
    checkLabels(labels, options);
    this.labels = List.copyOf(labels);
    this.options = options;
    this.encoding = encoding;
    PromptTemplate builtIn =
        options.multiLabel() ? PromptTemplate.YES_OR_NO : PromptTemplate.ONE_OF;
    this.template = options.template() == null ? builtIn : options.template();
    if (template.asksForOneLabel() != options.multiLabel()) {
      throw new IllegalArgumentException(
          options.multiLabel()
              ? "multiLabel needs a template with {label}, got: " + template
              : "a template with {label} is for multiLabel only, got: " + template);
    }
    List<int[]> answers = answers();
    this.answerLengths = answers.stream().mapToInt(tokens -> tokens.length).toArray();
    this.scorer = new ContinuationScorer(engine, answers);
    this.prior = options.calibration() ? scorer.score(emptyPrompts()) : null;
  }

  private static void checkLabels(List<String> labels, ClassifierOptions options) {
    if (labels.isEmpty()) {
      throw new IllegalArgumentException("no labels, expected at least one");
    }
    Set<String> known = new HashSet<>();
    for (String label : labels) {
      if (label.isBlank()) {
        throw new IllegalArgumentException("a label is empty: " + labels);
      }
      if (!known.add(label)) {
        throw new IllegalArgumentException("the label " + label + " is there twice");
      }
    }
    for (LabelledText example : options.examples()) {
      if (!known.containsAll(example.labels())) {
        throw new IllegalArgumentException(
            "an example has the labels " + example.labels() + ", expected some of " + labels);
      }
      if (!options.multiLabel() && example.labels().size() != 1) {
        throw new IllegalArgumentException(
            "an example has the labels " + example.labels() + ", expected one");
      }
    }
  }

  private List<int[]> answers() {
    List<String> texts = options.multiLabel() ? YES_NO : labels;
    List<int[]> answers = texts.stream().map(t -> encoding.encode(template.answer(t))).toList();
    for (int i = 0; i < answers.size(); i++) {
      if (answers.get(i).length == 0) {
        throw new IllegalArgumentException("the label " + texts.get(i) + " has no tokens");
      }
      for (int j = 0; j < i; j++) {
        if (Arrays.equals(answers.get(i), answers.get(j))) {
          throw new IllegalArgumentException(
              "the labels " + texts.get(j) + " and " + texts.get(i) + " have the same tokens");
        }
      }
    }
    return answers;
  }

  @Override
  public List<String> labels() {
    return labels;
  }

  @Override
  public List<Classification> classify(List<String> texts) {
    TextEncoding.requireText(texts);
    double[][] scores = scorer.score(prompts(texts));
    int questions = questions();
    return IntStream.range(0, texts.size())
        .mapToObj(
            i -> classification(Arrays.copyOfRange(scores, i * questions, (i + 1) * questions)))
        .toList();
  }

  /** How many prompts a text needs. */
  private int questions() {
    return options.multiLabel() ? labels.size() : 1;
  }

  /** All questions about the first text, then all about the second. */
  private List<int[]> prompts(List<String> texts) {
    int room = scorer.longest() - 1;
    List<int[]> prompts = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      for (int q = 0; q < questions(); q++) {
        int[] prompt = prompt(texts.get(i), labels.get(q));
        encoding.requireFits(prompt, room, i, texts.size());
        prompts.add(prompt);
      }
    }
    return prompts;
  }

  /** What calibration asks: the questions about an empty text. */
  private List<int[]> emptyPrompts() {
    List<int[]> prompts = prompts(List.of(""));
    if (prompts.stream().anyMatch(prompt -> prompt.length == 0)) {
      throw new IllegalArgumentException(
          "calibration needs a template with words of its own, got: " + template);
    }
    return prompts;
  }

  private int[] prompt(String text, String label) {
    List<Prompt.Part> parts = new ArrayList<>();
    for (LabelledText example : options.examples()) {
      String answer = example.labels().isEmpty() ? "" : example.labels().getFirst();
      if (options.multiLabel()) {
        answer = YES_NO.get(example.labels().contains(label) ? 0 : 1);
      }
      parts.addAll(template.question(example.text(), labels, label));
      parts.addAll(template.answer(answer));
      parts.add(PromptTemplate.template(BETWEEN_EXAMPLES));
    }
    parts.addAll(template.question(text, labels, label));
    return encoding.encode(parts);
  }

  /** From the scores of the answers to the questions about one text. */
  private Classification classification(double[][] answers) {
    if (!options.multiLabel()) {
      double[] scores = scores(answers, 0);
      return Classification.of(labels, Probabilities.softmax(scores), scores);
    }
    double[] scores = new double[labels.size()];
    Arrays.setAll(
        scores,
        question -> {
          double[] yesNo = scores(answers, question);
          return yesNo[0] - yesNo[1];
        });
    double[] probabilities = Arrays.stream(scores).map(Probabilities::sigmoid).toArray();
    return Classification.of(labels, probabilities, scores);
  }

  private double[] scores(double[][] answers, int question) {
    double[] scores = new double[answerLengths.length];
    for (int i = 0; i < scores.length; i++) {
      double score = answers[question][i] - (prior == null ? 0 : prior[question][i]);
      scores[i] = options.lengthNormalization() ? score / answerLengths[i] : score;
    }
    return scores;
  }
}
