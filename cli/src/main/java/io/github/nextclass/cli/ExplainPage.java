package io.github.nextclass.cli;

import io.github.nextclass.sampling.ClassScore;
import io.github.nextclass.sampling.FilterEffect;
import io.github.nextclass.sampling.Prediction;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Formatter;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * An explanation as a page that needs nothing but a browser: no script, no font, no file beside it.
 * Light or dark as the reader's system is.
 */
final class ExplainPage {
  private final Explanation explanation;
  private final StringBuilder html = new StringBuilder();

  /**
   * Writes numbers into the page as they are written in it, whatever the language of the machine.
   */
  private final Formatter out = new Formatter(html, Locale.ROOT);

  private ExplainPage(Explanation explanation) {
    this.explanation = explanation;
  }

  /** The whole page. */
  static String of(Explanation explanation) {
    ExplainPage page = new ExplainPage(explanation);
    page.head();
    page.text();
    if (!explanation.beams().isEmpty()) {
      page.beams();
    }
    page.steps();
    page.html.append("</body>\n</html>\n");
    return page.html.toString();
  }

  private void head() {
    html.append(
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>One classification after the other</title>
        <style>
        """);
    html.append(css()).append("</style>\n</head>\n<body>\n");
    html.append("<h1>One classification after the other</h1>\n");
    out.format(
        "<p class=\"faint\">%s%s</p>%n",
        Html.escape(explanation.model()),
        explanation.settings().isEmpty()
            ? ""
            : " · " + Html.escape(String.join(" · ", explanation.settings())));
  }

  private void text() {
    html.append("<h2>The text</h2>\n<p>");
    for (int tokenId : explanation.prompt()) {
      out.format("<span class=\"token\" title=\"token %d\">%s</span>", tokenId, token(tokenId));
    }
    for (Prediction step : explanation.generation().predictions()) {
      out.format(
          "<a class=\"token\" href=\"#step-%d\" title=\"token %d, step %d, %s\">%s</a>",
          step.step() + 1,
          step.tokenId(),
          step.step() + 1,
          percent(step.probability()),
          token(step.tokenId()));
    }
    out.format(
        "</p>%n<p class=\"faint\">The prompt, and behind it the tokens that were chosen; each leads to"
            + " its step. It ended: %s.</p>%n",
        explanation.generation().finishReason().name().toLowerCase(Locale.ROOT).replace('_', ' '));
  }

  private void beams() {
    html.append(
        """
        <h2>The path of the beam search</h2>
        <p class="faint">Each column is a step, each box a sequence that was kept, with its newest token and the sum of its
        log-probabilities; best first. Dashed boxes ended, with the score that counts. The line of the result is coloured.</p>
        """);
    html.append("<div class=\"card scroll\">\n");
    BeamDrawing.append(html, explanation);
    html.append("</div>\n");
  }

  private void steps() {
    html.append(
        """
        <h2>The steps</h2>
        <p class="faint">Bars are probabilities among the classes that are left; the number below is the score. The first column is
        what the model says, each further one what a filter makes of it.</p>
        """);
    explanation.generation().predictions().forEach(this::step);
  }

  private void step(Prediction step) {
    out.format("<section class=\"card\" id=\"step-%d\">%n", step.step() + 1);
    out.format(
        "<h3>Step %d: <span class=\"token\">%s</span> <span class=\"faint\">after %d tokens</span></h3>%n",
        step.step() + 1, token(step.tokenId()), step.position());
    html.append("<div class=\"scroll\"><table>\n<tr><th>class</th><th>the model</th>");
    for (FilterEffect filter : step.filters()) {
      out.format(
          "<th>%s<small>%,d left</small></th>", Html.escape(filter.filter()), filter.classesLeft());
    }
    html.append("</tr>\n");
    List<ClassScore> classes = Explanation.classes(step);
    for (int row = 0; row < classes.size(); row++) {
      ClassScore score = classes.get(row);
      boolean chosen = score.tokenId() == step.tokenId();
      out.format(
          "<tr%s><td><span class=\"token\">%s</span><small>%d</small></td>",
          chosen ? " class=\"chosen\"" : "", token(score.tokenId()), score.tokenId());
      cell(score.probability(), score.logit());
      for (FilterEffect filter : step.filters()) {
        FilterEffect.Score after = filter.scores().get(row);
        cell(after.probability(), after.score());
      }
      html.append("</tr>\n");
    }
    html.append("</table></div>\n");
    out.format("<p class=\"why\"><b>Why:</b> %s.</p>%n", Html.escape(step.choice().reason()));
    attention(step);
    html.append("</section>\n");
  }

  private void cell(double probability, float score) {
    if (score == Float.NEGATIVE_INFINITY) {
      html.append("<td><span class=\"out\">left out</span></td>");
      return;
    }
    out.format(
        "<td><div class=\"cell\"><div class=\"track\"><i style=\"width:%.2f%%\"></i></div>"
            + "<div class=\"number\">%s<small>%.3f</small></div></div></td>",
        100 * probability, percent(probability), score);
  }

  /** The tokens before the step, coloured by how much the head looked at them. */
  private void attention(Prediction step) {
    Explanation.Attention attention = explanation.attention();
    if (attention == null) {
      return;
    }
    float[] probs = attention.probs()[step.position() - 1];
    int[] sequence = explanation.sequence();
    float max = 0;
    for (float p : probs) {
      max = Math.max(max, p);
    }
    out.format(
        "<p class=\"look\"><span class=\"faint\">layer %d, head %d looks at </span>",
        attention.layer(), attention.head());
    for (int i = 0; i < probs.length; i++) {
      out.format(
          "<span style=\"background:rgba(var(--look),%.3f)\" title=\"%s\">%s</span><wbr>",
          0.75 * probs[i] / max, percent(probs[i]), token(sequence[i]));
    }
    html.append("</p>\n");
  }

  private String token(int tokenId) {
    String text = explanation.label().of(tokenId);
    return text.isEmpty() ? Integer.toString(tokenId) : Html.visible(text);
  }

  private static String percent(double probability) {
    return String.format(Locale.ROOT, "%.2f %%", 100 * probability);
  }

  private static String css() {
    try (InputStream in = ExplainPage.class.getResourceAsStream("explain.css")) {
      return new String(
          Objects.requireNonNull(in, "explain.css").readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
