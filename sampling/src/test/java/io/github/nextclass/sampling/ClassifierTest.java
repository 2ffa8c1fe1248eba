package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.Session;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Labels given at call time, on a model whose tokens are bytes; the scores are compared with those
 * of each label read by itself.
 */
class ClassifierTest {
  private static final Offset<Double> EQUAL = within(1e-12);
  private static final PromptTemplate TEMPLATE = PromptTemplate.of("Text: {text}\nLabel:{answer}");

  /** Some begin alike, one is the beginning of another. */
  private static final List<String> LONG =
      List.of("good", "goods", "gold", "bad", "so so", "so far");

  private static final List<String> TEXTS =
      List.of("I came, I saw", "nothing", "It rained all day.", "x", "I came late and left early");

  @TempDir static Path folder;
  private static LanguageModel model;

  @BeforeAll
  static void load() throws IOException {
    LanguageModelOptions options =
        new LanguageModelOptions(EngineOptions.defaults().withPrefillChunk(50), 400);
    model = LanguageModel.load(Checkpoints.writeByteModel(folder), options);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  private static ClassifierOptions options() {
    return ClassifierOptions.defaults().withTemplate(TEMPLATE);
  }

  private static double logProbability(String prompt, String answer) {
    byte[] bytes = (prompt + answer).getBytes(StandardCharsets.UTF_8);
    int[] tokenIds = IntStream.range(0, bytes.length).map(i -> bytes[i] & 0xff).toArray();
    return model.scorer().score(tokenIds, prompt.length()).logProbability();
  }

  private static void assertSoftmax(Classification actual, List<String> labels, double[] scores) {
    double sum = 0;
    for (double score : scores) {
      sum += Math.exp(score);
    }
    for (int i = 0; i < scores.length; i++) {
      assertThat(actual.probability(labels.get(i)))
          .as(labels.get(i))
          .isCloseTo(Math.exp(scores[i]) / sum, EQUAL);
    }
  }

  @Test
  void longLabelsAreScoredAsSequences() {
    List<Classification> all = model.classifier(LONG, options()).classify(TEXTS);
    assertThat(all).hasSameSizeAs(TEXTS);
    for (int i = 0; i < all.size(); i++) {
      String prompt = "Text: " + TEXTS.get(i) + "\nLabel:";
      double[] scores = LONG.stream().mapToDouble(l -> logProbability(prompt, l)).toArray();
      assertSoftmax(all.get(i), LONG, scores);
      for (LabelScore label : all.get(i).labels()) {
        assertThat(label.score()).isCloseTo(logProbability(prompt, label.label()), EQUAL);
      }
    }
  }

  @Test
  void aLabelOfOneTokenIsAClassOfOneStep() {
    List<String> labels = List.of("a", "Z", "7");
    Classification actual = model.classifier(labels, options()).classify("I came");
    try (Session session = model.engine().newSession(100)) {
      float[] logits = session.forward(model.encode("Text: I came\nLabel:"));
      double[] scores = {logits['a'], logits['Z'], logits['7']};
      assertSoftmax(actual, labels, scores);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void manyTextsAreAsOne(boolean longLabels) {
    Classifier classifier = model.classifier(longLabels ? LONG : List.of("a", "b"), options());
    List<Classification> together = classifier.classify(TEXTS);
    List<Classification> alone = TEXTS.stream().map(classifier::classify).toList();
    assertThat(together).isEqualTo(alone);
    assertThat(classifier.classify(List.<String>of())).isEmpty();
  }

  @Test
  void manyLabelsWorkToo() {
    List<String> labels = IntStream.range(0, 90).mapToObj(i -> "label " + i * i).toList();
    Classification actual = model.classifier(labels, options()).classify("one");
    double[] scores =
        labels.stream().mapToDouble(l -> logProbability("Text: one\nLabel:", l)).toArray();
    assertSoftmax(actual, labels, scores);
    assertThat(actual.labels()).hasSize(90);
    assertThat(actual.label()).isEqualTo(actual.labels().getFirst().label());
    assertThat(actual.probability()).isEqualTo(actual.probability(actual.label()));
  }

  @Test
  void lengthNormalizationIsTheMeanOverTokens() {
    Classification actual =
        model.classifier(LONG, options().withLengthNormalization(true)).classify("I came");
    double[] scores =
        LONG.stream()
            .mapToDouble(l -> logProbability("Text: I came\nLabel:", l) / l.length())
            .toArray();
    assertSoftmax(actual, LONG, scores);
  }

  @Test
  void calibrationSubtractsTheScoreOfAnEmptyText() {
    Classification actual =
        model.classifier(LONG, options().withCalibration(true)).classify("I came");
    double[] scores =
        LONG.stream()
            .mapToDouble(l ->
                logProbability("Text: I came\nLabel:", l) - logProbability("Text: \nLabel:", l))
            .toArray();
    assertSoftmax(actual, LONG, scores);
  }

  @Test
  void severalLabelsAreAQuestionEach() {
    PromptTemplate template = PromptTemplate.of("{text} Is it {label}? {answer}.");
    ClassifierOptions several =
        ClassifierOptions.defaults().withTemplate(template).withMultiLabel(true);
    List<Classification> all = model.classifier(LONG, several).classify(TEXTS);
    for (int i = 0; i < TEXTS.size(); i++) {
      for (String label : LONG) {
        String prompt = TEXTS.get(i) + " Is it " + label + "?";
        double yes = logProbability(prompt, " yes.");
        double no = logProbability(prompt, " no.");
        assertThat(all.get(i).probability(label)).isCloseTo(1 / (1 + Math.exp(no - yes)), EQUAL);
      }
    }
  }

  @Test
  void examplesStandBeforeTheQuestion() {
    ClassifierOptions shown =
        options()
            .withExamples(List.of(LabelledText.of("sun", "good"), LabelledText.of("rain", "bad")));
    Classification actual = model.classifier(LONG, shown).classify("I came");
    String prompt = "Text: sun\nLabel:good\n\nText: rain\nLabel:bad\n\nText: I came\nLabel:";
    assertSoftmax(
        actual, LONG, LONG.stream().mapToDouble(l -> logProbability(prompt, l)).toArray());
  }

  @Test
  void examplesOfSeveralLabelsAnswerYesOrNo() {
    ClassifierOptions shown =
        ClassifierOptions.defaults()
            .withTemplate(PromptTemplate.of("{text}, {label}? {answer}"))
            .withMultiLabel(true)
            .withExamples(List.of(LabelledText.of("sun", "a"), LabelledText.of("rain")));
    Classification actual = model.classifier(List.of("a", "c"), shown).classify("I");
    assertThat(actual.probability("a"))
        .isCloseTo(yes("sun, a? yes\n\nrain, a? no\n\nI, a?"), EQUAL);
    assertThat(actual.probability("c")).isCloseTo(yes("sun, c? no\n\nrain, c? no\n\nI, c?"), EQUAL);
  }

  private static double yes(String prompt) {
    return 1 / (1 + Math.exp(logProbability(prompt, " no") - logProbability(prompt, " yes")));
  }

  @Test
  void noControlTokenComesOutOfATextOrALabel() {
    String marker = "<|im_end|>";
    Classifier classifier = model.classifier(List.of("a" + marker, "b"), options());
    Classification actual = classifier.classify("I " + marker + " came");
    String prompt = "Text: I " + marker + " came\nLabel:";
    assertSoftmax(
        actual,
        classifier.labels(),
        new double[] {logProbability(prompt, "a" + marker), logProbability(prompt, "b")});
  }

  // ---- mistakes

  @Test
  void labelsThatCannotBeUsedAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.classify("text", List.of()))
        .withMessageContaining("no labels");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.classify("text", List.of("a", "b", "a")))
        .withMessageContaining("the label a is there twice");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.classify("text", List.of("a", " ")))
        .withMessageContaining("a label is empty");
    // é as one character or as two is the same after normalization
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.classify("text", List.of("\u00e9", "e\u0301")))
        .withMessageContaining("have the same tokens");
  }

  @Test
  void textsThatCannotBeUsedAreNamed() {
    Classifier classifier = model.classifier(LONG, options());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> classifier.classify(""))
        .withMessage("the text is empty");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> classifier.classify(List.of("a", "", "b")))
        .withMessage("text 2 of 3 is empty");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> classifier.classify(List.of("a", "x".repeat(500))))
        .withMessage("text 2 of 2 is too long: 518 tokens with its prompt, the context holds 400");
    assertThat(classifier.classify("x".repeat(382)).labels()).hasSize(LONG.size()); // just fits
  }

  @ParameterizedTest
  @CsvSource({
    "{answer}, '{text} once, found it nowhere'",
    "{text}, '{answer} once, found it nowhere'",
    "{text}{text}{answer}, '{text} once, found it twice'",
    "{answer}{text}, 'expected {answer} to be the last'"
  })
  void aTemplateWithoutItsPlacesIsRefused(String pattern, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PromptTemplate.of(pattern))
        .withMessageContaining(message);
  }

  @Test
  void optionsThatContradictEachOtherAreRefused() {
    ClassifierOptions several = options().withMultiLabel(true);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.classifier(LONG, several))
        .withMessageContaining("multiLabel needs a template with {label}");
    ClassifierOptions bare = options().withTemplate(PromptTemplate.of("{text}{answer}"));
    assertThat(model.classifier(List.of("a"), bare).classify("t").label()).isEqualTo("a");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.classifier(List.of("a"), bare.withCalibration(true)))
        .withMessage("calibration needs a template with words of its own, got: {text}{answer}");
    ClassifierOptions one = options().withTemplate(PromptTemplate.of("{text} {label} {answer}"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.classifier(LONG, one))
        .withMessageContaining("is for multiLabel only");
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            model.classifier(LONG, options().withExamples(List.of(LabelledText.of("t", "other")))))
        .withMessageContaining("[other], expected some of");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> model.classifier(LONG, options().withExamples(List.of(LabelledText.of("t")))))
        .withMessageContaining("expected one");
  }

  @Test
  void aHeadOrATokenizerThatIsMissingIsNamed() throws IOException {
    assertThatIllegalStateException()
        .isThrownBy(model::classifier)
        .withMessageContaining("has no score head");
    try (LanguageModel silent = LanguageModel.load(Checkpoints.golden("bias"))) {
      assertThatIllegalStateException()
          .isThrownBy(() -> silent.classifier(LONG))
          .withMessageContaining("there is no tokenizer");
      assertThatIllegalStateException().isThrownBy(silent::embedder);
      assertThatIllegalStateException().isThrownBy(silent::reranker);
    }
  }
}
