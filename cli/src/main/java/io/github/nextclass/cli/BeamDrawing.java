package io.github.nextclass.cli;

import io.github.nextclass.sampling.BeamStep;
import java.util.Formatter;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The tree of a beam search:
 *
 * <pre>
 *   step       1        2
 *           +-- a --+-- c       rows: sequences that run on, best first
 *   prompt -+       +-- d
 *           +-- b               below them: those that ended in the step
 * </pre>
 */
final class BeamDrawing {
  private static final int COLUMN = 128;
  private static final int ROW = 50;
  private static final int WIDTH = 92;
  private static final int HEIGHT = 36;
  private static final int TOP = 24;
  private static final int LONGEST_TEXT = 11;

  /** A box: running or ended, in a step. */
  private record Box(int step, boolean ended, int index) {}

  private final Formatter out;
  private final Explanation explanation;
  private final Set<Box> best = new HashSet<>();

  private BeamDrawing(StringBuilder svg, Explanation explanation) {
    this.out = new Formatter(svg, Locale.ROOT);
    this.explanation = explanation;
  }

  static void append(StringBuilder svg, Explanation explanation) {
    BeamDrawing drawing = new BeamDrawing(svg, explanation);
    drawing.findBest(explanation.generation().tokenIds());
    drawing.draw();
  }

  /** Walks back from the end whose tokens are those of the result. */
  private void findBest(int[] tokenIds) {
    List<BeamStep> steps = explanation.beams();
    int last = tokenIds.length - 1;
    if (last < 0 || last >= steps.size()) {
      return;
    }
    for (int i = 0; i < steps.get(last).finished().size(); i++) {
      Set<Box> path = new HashSet<>(Set.of(new Box(last, true, i)));
      BeamStep.Path at = steps.get(last).finished().get(i);
      int step = last;
      while (at.tokenId() == tokenIds[step] && step > 0) {
        step--;
        path.add(new Box(step, false, at.parent()));
        at = steps.get(step).running().get(at.parent());
      }
      if (step == 0 && at.tokenId() == tokenIds[0]) {
        best.addAll(path);
        return;
      }
    }
  }

  private void draw() {
    List<BeamStep> steps = explanation.beams();
    int rows =
        steps.stream().mapToInt(s -> s.running().size() + s.finished().size()).max().orElse(1);
    out.format(
        "<svg role=\"img\" aria-label=\"the tree of the beam search\" width=\"%d\" height=\"%d\">%n",
        COLUMN * (steps.size() + 1), TOP + ROW * Math.max(rows, 1));
    for (int step = 0; step < steps.size(); step++) {
      out.format(
          "<text class=\"head\" x=\"%d\" y=\"14\">step %d</text>%n", COLUMN * (step + 1), step + 1);
      edges(step, false, steps.get(step).running());
      edges(step, true, steps.get(step).finished());
    }
    out.format("<g class=\"best\">");
    box(0, 0, "prompt", "");
    out.format("</g>%n");
    for (int step = 0; step < steps.size(); step++) {
      boxes(step, false, steps.get(step).running());
      boxes(step, true, steps.get(step).finished());
    }
    out.format("</svg>%n");
  }

  private void edges(int step, boolean ended, List<BeamStep.Path> paths) {
    for (int i = 0; i < paths.size(); i++) {
      int x1 = COLUMN * step + WIDTH;
      int y1 = middle(step == 0 ? 0 : paths.get(i).parent());
      int x2 = COLUMN * (step + 1);
      int y2 = middle(row(step, ended, i));
      int bend = (x1 + x2) / 2;
      out.format(
          "<path%s d=\"M%d %d C%d %d %d %d %d %d\"/>%n",
          best.contains(new Box(step, ended, i)) ? " class=\"best\"" : "",
          x1,
          y1,
          bend,
          y1,
          bend,
          y2,
          x2,
          y2);
    }
  }

  private void boxes(int step, boolean ended, List<BeamStep.Path> paths) {
    for (int i = 0; i < paths.size(); i++) {
      BeamStep.Path path = paths.get(i);
      boolean isBest = best.contains(new Box(step, ended, i));
      out.format("<g class=\"%s%s\">", ended ? "end" : "run", isBest ? " best" : "");
      box(
          COLUMN * (step + 1),
          row(step, ended, i),
          label(path.tokenId()),
          String.format(Locale.ROOT, "%.3f", path.score()));
      out.format("</g>%n");
    }
  }

  private void box(int x, int row, String text, String score) {
    int y = TOP + ROW * row;
    out.format(
        "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"5\"/>", x, y, WIDTH, HEIGHT);
    out.format("<text x=\"%d\" y=\"%d\">%s</text>", x + 8, y + (score.isEmpty() ? 22 : 16), text);
    if (!score.isEmpty()) {
      out.format("<text class=\"score\" x=\"%d\" y=\"%d\">%s</text>", x + 8, y + 30, score);
    }
  }

  private int row(int step, boolean ended, int index) {
    return ended ? explanation.beams().get(step).running().size() + index : index;
  }

  private static int middle(int row) {
    return TOP + ROW * row + HEIGHT / 2;
  }

  private String label(int tokenId) {
    String text = explanation.label().of(tokenId);
    if (text.isEmpty()) {
      return Integer.toString(tokenId);
    }
    boolean cut = text.codePointCount(0, text.length()) > LONGEST_TEXT;
    return cut
        ? Html.visible(text.substring(0, text.offsetByCodePoints(0, LONGEST_TEXT - 1))) + "…"
        : Html.visible(text);
  }
}
