package io.github.nextclass.docs.pictures;

import java.util.Locale;

/**
 * An SVG picture that is put together piece by piece. Its colours follow the reader's light or dark
 * scheme; its sizes are pixels at the width of a page.
 *
 * <p>Classes: {@code ink muted accent warm good} fill; {@code tint} is a quiet area, {@code box} an
 * area with a border; {@code line arrow} are strokes; {@code small big bold mono mid end} are for
 * text.
 */
final class Svg {
  private static final String STYLE =
      """
      text { font-family: ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 14px }
      .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }
      .small { font-size: 12.5px } .big { font-size: 17px } .bold { font-weight: 600 }
      .mid { text-anchor: middle } .end { text-anchor: end }
      .page { fill: #ffffff } .ink { fill: #1f2328 } .muted { fill: #59636e }
      .accent { fill: #0969da } .warm { fill: #bc4c00 } .good { fill: #1a7f37 } .onaccent { fill: #ffffff }
      .tint { fill: #eaeef2 } .tintaccent { fill: #ddf4ff } .tintwarm { fill: #fff1e5 }
      .box { fill: #f6f8fa; stroke: #d1d9e0 } .boxaccent { fill: #ddf4ff; stroke: #0969da }
      .boxwarm { fill: #fff1e5; stroke: #bc4c00 }
      .line { fill: none; stroke: #8c959f; stroke-width: 1.5 } .grid { fill: none; stroke: #d1d9e0 }
      .lineaccent { fill: none; stroke: #0969da; stroke-width: 2 } .linewarm { fill: none; stroke: #bc4c00; stroke-width: 2 }
      .head { fill: #8c959f }
      @media (prefers-color-scheme: dark) {
        .page { fill: #0d1117 } .ink { fill: #f0f6fc } .muted { fill: #9198a1 }
        .accent { fill: #4493f8 } .warm { fill: #f0883e } .good { fill: #3fb950 } .onaccent { fill: #0d1117 }
        .tint { fill: #262c36 } .tintaccent { fill: #12263f } .tintwarm { fill: #33200f }
        .box { fill: #151b23; stroke: #3d444d } .boxaccent { fill: #12263f; stroke: #4493f8 }
        .boxwarm { fill: #33200f; stroke: #f0883e }
        .line { stroke: #7d8590 } .grid { stroke: #3d444d }
        .lineaccent { stroke: #4493f8 } .linewarm { stroke: #f0883e } .head { fill: #7d8590 }
      }
      """;

  private final StringBuilder svg = new StringBuilder();

  Svg(int width, int height, String title) {
    svg.append(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n"
                .formatted(width, height, width, height))
        .append("<title>")
        .append(escaped(title))
        .append("</title>\n<style>\n")
        .append(STYLE)
        .append("</style>\n")
        .append("<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" ")
        .append("markerWidth=\"7\" markerHeight=\"7\" orient=\"auto-start-reverse\">")
        .append("<path class=\"head\" d=\"M0 0 L8 4 L0 8 z\"/></marker></defs>\n");
    rect(0, 0, width, height, "page");
  }

  Svg rect(double x, double y, double width, double height, String classes) {
    svg.append(
        "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"3\" class=\"%s\"/>\n"
            .formatted(number(x), number(y), number(width), number(height), classes));
    return this;
  }

  /** A rectangle whose strength is a share: 0 is invisible, 1 is full. */
  Svg shade(double x, double y, double width, double height, double share, String classes) {
    svg.append(
        "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"2\" class=\"%s\" fill-opacity=\"%s\"/>\n"
            .formatted(
                number(x),
                number(y),
                number(width),
                number(height),
                classes,
                String.format(Locale.ROOT, "%.2f", share)));
    return this;
  }

  Svg text(double x, double y, String text, String classes) {
    svg.append(
        "<text x=\"%s\" y=\"%s\" class=\"%s\" xml:space=\"preserve\">%s</text>\n"
            .formatted(number(x), number(y), classes, escaped(text)));
    return this;
  }

  Svg line(double x1, double y1, double x2, double y2, String classes) {
    svg.append(
        "<path d=\"M%s %s L%s %s\" class=\"%s\"/>\n"
            .formatted(number(x1), number(y1), number(x2), number(y2), classes));
    return this;
  }

  Svg arrow(double x1, double y1, double x2, double y2) {
    return arrow("M%s %s L%s %s".formatted(number(x1), number(y1), number(x2), number(y2)));
  }

  Svg arrow(String path) {
    svg.append("<path d=\"%s\" class=\"line\" marker-end=\"url(#head)\"/>\n".formatted(path));
    return this;
  }

  Svg path(String path, String classes) {
    svg.append("<path d=\"%s\" class=\"%s\"/>\n".formatted(path, classes));
    return this;
  }

  Svg circle(double x, double y, double radius, String classes) {
    svg.append(
        "<circle cx=\"%s\" cy=\"%s\" r=\"%s\" class=\"%s\"/>\n"
            .formatted(number(x), number(y), number(radius), classes));
    return this;
  }

  /** A box with a line of text in its middle. */
  Svg labelled(
      double x, double y, double width, double height, String text, String box, String ink) {
    rect(x, y, width, height, box);
    return text(x + width / 2, y + height / 2 + 5, text, "mid " + ink);
  }

  String end() {
    return svg + "</svg>\n";
  }

  static String number(double value) {
    String text = String.format(Locale.ROOT, "%.1f", value);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
