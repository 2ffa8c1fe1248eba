package io.github.nextclass.sampling;

import io.github.nextclass.tokenizer.Prompt;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a text is put to a language model so that what comes next is its label. Immutable.
 *
 * <pre>
 *   Labels: {labels}\nText: {text}\nLabel: {answer}
 * </pre>
 *
 * <p>{@code {text}} is the text, {@code {labels}} all labels with commas between them, {@code
 * {label}} the one label that a yes-or-no question is about, {@code {answer}} the place of what is
 * scored. What stands behind the answer is scored with it; so are the blanks before it, because
 * tokens begin with their blank. Control tokens are recognised in the template itself, never in
 * what is filled in.
 */
public final class PromptTemplate {
  private static final String ANSWER = "{answer}";
  private static final Pattern SLOT = Pattern.compile("\\{(text|labels|label)\\}");

  /** A question with one answer out of all labels. */
  static final PromptTemplate ONE_OF =
      of("Classify the text. Labels: {labels}.\nText: {text}\nLabel: {answer}");

  /** A yes-or-no question about one label. */
  static final PromptTemplate YES_OR_NO =
      of("Text: {text}\nQuestion: Does the label \"{label}\" fit this text?\nAnswer: {answer}");

  private final String beforeAnswer;
  private final String blanks;
  private final String afterAnswer;

  private PromptTemplate(String beforeAnswer, String blanks, String afterAnswer) {
    this.beforeAnswer = beforeAnswer;
    this.blanks = blanks;
    this.afterAnswer = afterAnswer;
  }

  /**
   * Makes a template.
   *
   * @param pattern text with {@code {text}} once, {@code {answer}} once and behind it, and {@code
   *     {labels}} or {@code {label}} where wanted
   * @return the template
   * @throws IllegalArgumentException if a place is missing, there twice or in the wrong order; the
   *     message says which
   */
  public static PromptTemplate of(String pattern) {
    requireOnce(pattern, "{text}");
    requireOnce(pattern, ANSWER);
    int answer = pattern.indexOf(ANSWER);
    String before = pattern.substring(0, answer);
    String after = pattern.substring(answer + ANSWER.length());
    if (SLOT.matcher(after).find()) {
      throw new IllegalArgumentException(
          "template: found a place behind {answer}, expected {answer} to be the last");
    }
    String stripped = before.replaceFirst(" +$", "");
    return new PromptTemplate(stripped, before.substring(stripped.length()), after);
  }

  private static void requireOnce(String pattern, String place) {
    int first = pattern.indexOf(place);
    if (first < 0 || pattern.indexOf(place, first + 1) >= 0) {
      throw new IllegalArgumentException(
          "template: expected " + place + " once, found it " + (first < 0 ? "nowhere" : "twice"));
    }
  }

  /** Whether the question is about one label. */
  boolean asksForOneLabel() {
    return beforeAnswer.contains("{label}");
  }

  /** The prompt up to the answer. */
  List<Prompt.Part> question(String text, List<String> labels, String label) {
    List<Prompt.Part> parts = new ArrayList<>();
    Matcher slots = SLOT.matcher(beforeAnswer);
    int at = 0;
    while (slots.find()) {
      parts.add(template(beforeAnswer.substring(at, slots.start())));
      parts.add(
          content(
              switch (slots.group(1)) {
                case "text" -> text;
                case "labels" -> String.join(", ", labels);
                default -> label;
              }));
      at = slots.end();
    }
    parts.add(template(beforeAnswer.substring(at)));
    return parts;
  }

  /** What is scored. */
  List<Prompt.Part> answer(String answer) {
    return List.of(template(blanks), content(answer), template(afterAnswer));
  }

  static Prompt.Part template(String text) {
    return new Prompt.Part(text, Prompt.Source.TEMPLATE);
  }

  private static Prompt.Part content(String text) {
    return new Prompt.Part(text, Prompt.Source.CONTENT);
  }

  /** The pattern. */
  @Override
  public String toString() {
    return beforeAnswer + blanks + ANSWER + afterAnswer;
  }
}
