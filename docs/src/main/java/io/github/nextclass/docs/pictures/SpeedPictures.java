package io.github.nextclass.docs.pictures;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * The roofline. Its data is what {@code ./nextclass bench --shape 0.6B -p 256 -n 48 --json}
 * printed.
 */
final class SpeedPictures {
  private static final Path DATA = Path.of("docs/src/main/data/bench-0.6B.json");
  private static final double WEIGHT_BYTES = 1.19e9; // all weights in BF16
  private static final double FLOP_A_TOKEN =
      0.88e9; // without the LM head, which a prompt asks once

  private static final int LEFT = 70;
  private static final int BOTTOM = 330;
  private static final double MIN_RATE = 10;

  private SpeedPictures() {}

  static Map<String, String> draw() throws IOException {
    return Map.of("roofline.svg", roofline(numbers()));
  }

  private static Map<String, Double> numbers() throws IOException {
    Map<String, Double> numbers = new HashMap<>();
    try (JsonParser json = new JsonFactory().createParser(ObjectReadContext.empty(), DATA)) {
      for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
        if (token.isNumeric()) {
          numbers.put(json.currentName(), json.getDoubleValue());
        }
      }
    }
    return numbers;
  }

  private static double number(Map<String, Double> measured, String name) {
    return requireNonNull(measured.get(name), name);
  }

  private static double x(double tokens) {
    return LEFT + 62 * Math.log(tokens) / Math.log(2);
  }

  private static double y(double rate) {
    return BOTTOM - 140 * Math.log10(rate / MIN_RATE);
  }

  private static String roofline(Map<String, Double> measured) {
    double decodeLimit = number(measured, "read_gbps") * 1e9 / WEIGHT_BYTES;
    double promptLimit = number(measured, "fma_gflops") * 1e9 / FLOP_A_TOKEN;
    double corner = promptLimit / decodeLimit;
    int prompt = (int) number(measured, "prompt_tokens");
    Svg svg = new Svg(720, 400, "Roofline: tokens a second by tokens in a pass");
    for (int tokens = 1; tokens <= 512; tokens *= 2) {
      svg.line(x(tokens), BOTTOM, x(tokens), 60, "grid");
      svg.text(x(tokens), BOTTOM + 22, Integer.toString(tokens), "mid small muted");
    }
    for (int rate : new int[] {10, 30, 100, 300}) {
      svg.line(LEFT, y(rate), x(512), y(rate), "grid");
      svg.text(LEFT - 10, y(rate) + 5, Integer.toString(rate), "end small muted");
    }
    svg.text(20, 36, "tokens a second", "muted");
    svg.text(x(512), BOTTOM + 50, "tokens that share one reading of the weights", "end muted");
    svg.path(
        "M%s %s L%s %s L%s %s"
            .formatted(
                Svg.number(x(1)),
                Svg.number(y(decodeLimit)),
                Svg.number(x(corner)),
                Svg.number(y(promptLimit)),
                Svg.number(x(512)),
                Svg.number(y(promptLimit))),
        "lineaccent");
    svg.text(x(corner) + 14, y(promptLimit) - 12, "as fast as this machine multiplies", "accent");
    svg.text(x(2.6), y(decodeLimit * 2.0) + 14, "as fast as it reads", "accent");
    point(svg, 1, number(measured, "decode_tps"), "decode");
    point(svg, prompt, number(measured, "prompt_tps"), "prompt of " + prompt + " tokens");
    return svg.end();
  }

  private static void point(Svg svg, int tokens, double rate, String name) {
    svg.circle(x(tokens), y(rate), 6, "warm");
    String text = name + ", " + Math.round(rate) + " tokens/s";
    boolean right = tokens > 100;
    svg.text(x(tokens) + (right ? 56 : 12), y(rate) + 24, text, right ? "end warm" : "warm");
  }
}
