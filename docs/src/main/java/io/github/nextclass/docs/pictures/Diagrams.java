package io.github.nextclass.docs.pictures;

import static io.github.nextclass.docs.pictures.Svg.number;

import java.util.List;
import java.util.Map;

/** Drawings of how things are built; nothing in them is measured. */
final class Diagrams {
  private Diagrams() {}

  static Map<String, String> draw() {
    return Map.of(
        "loop.svg", loop(),
        "layer.svg", layer(),
        "rope.svg", rope(),
        "heads.svg", heads(),
        "kv-cache.svg", kvCache(),
        "task-heads.svg", taskHeads(),
        "training.svg", training(),
        "house.svg", house());
  }

  private static String loop() {
    Svg svg = new Svg(800, 250, "Generation is classification in a loop");
    svg.text(24, 34, "the text so far", "muted");
    svg.rect(24, 50, 168, 110, "box");
    svg.text(40, 84, "Once upon", "mono ink").text(40, 106, "a time", "mono ink");
    svg.rect(102, 92, 66, 20, "boxwarm").text(107, 107, ", there", "mono small ink");
    svg.arrow(192, 105, 232, 105);
    svg.text(236, 34, "one classification", "muted");
    svg.labelled(236, 76, 110, 58, "transformer", "boxaccent", "ink");
    svg.arrow(346, 105, 386, 105);
    svg.text(390, 34, "a score for every class (token)", "muted");
    List<String> classes = List.of("there", "a", "in", "an");
    double[] shares = {0.36, 0.35, 0.27, 0.02};
    for (int i = 0; i < classes.size(); i++) {
      double y = 58 + 26 * i;
      svg.text(438, y + 14, classes.get(i), "mono end ink");
      svg.rect(446, y, 250 * shares[i], 18, i == 0 ? "warm" : "head");
      svg.text(454 + 250 * shares[i], y + 14, Math.round(100 * shares[i]) + " %", "small muted");
    }
    svg.arrow(586, 105, 626, 105);
    svg.text(640, 34, "a rule picks one", "muted");
    svg.labelled(630, 76, 140, 58, "greedy, top-p, …", "box", "ink");
    svg.arrow("M700 134 L700 206 L108 206 L108 164");
    svg.text(404, 228, "append it, and ask again", "mid ink");
    return svg.end();
  }

  private static String layer() {
    Svg svg = new Svg(720, 674, "One layer of Qwen3-0.6B");
    int x = 250;
    int width = 250;
    svg.text(x + width / 2.0, 30, "x, 1024 floats for each token", "mid ink");
    String[][] steps = {
      {"inputLayernorm", "1024", "box"},
      {"qProj, kProj, vProj", "2048, 1024, 1024", "boxaccent"},
      {"qNorm, kNorm, RoPE", "16 and 8 heads of 128", "box"},
      {"attention over the KV cache", "16 heads of 128", "boxwarm"},
      {"oProj", "2048 → 1024", "boxaccent"},
      {"postAttentionLayernorm", "1024", "box"},
      {"gateProj, upProj", "3072, 3072", "boxaccent"},
      {"silu(gate) · up", "3072", "box"},
      {"downProj", "3072 → 1024", "boxaccent"},
    };
    double y = 62;
    svg.arrow(x + width / 2.0, 38, x + width / 2.0, y - 2);
    for (int i = 0; i < steps.length; i++) {
      svg.labelled(x, y, width, 34, steps[i][0], steps[i][2], "ink");
      svg.text(x + width + 16, y + 22, steps[i][1], "muted");
      double next = y + 34 + (i == 4 ? 66 : 20);
      if (i == 4 || i == 8) {
        svg.arrow(x + width / 2.0, y + 34, x + width / 2.0, y + 52);
        svg.circle(x + width / 2.0, y + 64, 12, "box");
        svg.text(x + width / 2.0, y + 69, "+", "mid bold ink");
        double from = i == 4 ? 48 : 62 + 5 * 54 + 32;
        svg.path(
            "M%s %s L170 %s L170 %s"
                .formatted(number(x + width / 2.0), number(from), number(from), number(y + 64)),
            "lineaccent");
        svg.path(
            "M170 %s L%s %s"
                .formatted(number(y + 64), number(x + width / 2.0 - 14), number(y + 64)),
            "lineaccent");
        if (i == 4) {
          svg.arrow(x + width / 2.0, y + 76, x + width / 2.0, y + 98);
          next = y + 100;
        } else {
          svg.arrow(x + width / 2.0, y + 76, x + width / 2.0, y + 98);
        }
      } else {
        svg.arrow(x + width / 2.0, y + 34, x + width / 2.0, next - 2);
      }
      y = next;
    }
    svg.text(150, 190, "the residual", "end accent").text(150, 208, "stream", "end accent");
    svg.text(150, 236, "each block reads", "end small muted")
        .text(150, 252, "it and adds to it", "end small muted");
    svg.text(x + width / 2.0, y + 62, "x for the next of 28 layers", "mid ink");
    return svg.end();
  }

  private static String rope() {
    Svg svg = new Svg(720, 250, "RoPE turns pairs of numbers by the position");
    double[] steps = {1.0, 0.3, 0.05};
    String[] names = {"pair 0: fast", "a middle pair", "the last pair: slow"};
    for (int c = 0; c < 3; c++) {
      double cx = 130 + 230 * c;
      double cy = 130;
      double radius = 80;
      svg.text(cx, 32, names[c], "mid ink");
      svg.path(
          "M%s %s A80 80 0 1 0 %s %s A80 80 0 1 0 %s %s"
              .formatted(
                  number(cx - radius),
                  number(cy),
                  number(cx + radius),
                  number(cy),
                  number(cx - radius),
                  number(cy)),
          "grid");
      for (int p = 0; p < 5; p++) {
        double angle = steps[c] * p;
        double px = cx + radius * Math.cos(angle);
        double py = cy - radius * Math.sin(angle);
        svg.line(cx, cy, px, py, p == 0 ? "linewarm" : "lineaccent");
        if (c < 2) {
          svg.text(
              cx + 96 * Math.cos(angle),
              cy - 96 * Math.sin(angle) + 5,
              Integer.toString(p),
              "mid small muted");
        }
      }
      if (c == 2) {
        svg.text(cx + 90, cy + 5, "0 … 4", "small muted");
      }
    }
    svg.text(
        360,
        240,
        "positions 0 to 4; equal distances are equal angles, wherever they stand",
        "mid muted");
    return svg.end();
  }

  private static String heads() {
    Svg svg =
        new Svg(720, 210, "Grouped-query attention: two query heads share a key and value head");
    svg.text(20, 62, "query heads", "muted").text(20, 152, "kv heads", "muted");
    for (int h = 0; h < 16; h++) {
      double x = 122 + 36.5 * h;
      svg.labelled(x, 40, 30, 34, Integer.toString(h), "boxaccent", "ink");
      double kx = 122 + 73 * (h / 2) + 33;
      svg.arrow(x + 15, 74, kx + (h % 2 == 0 ? -6 : 6), 126);
    }
    for (int h = 0; h < 8; h++) {
      svg.labelled(122 + 73 * h, 128, 66.5, 38, Integer.toString(h), "boxwarm", "ink");
    }
    svg.text(
        122,
        194,
        "0.6B: 16 heads ask, 8 are remembered, so the KV cache is half as large",
        "muted");
    return svg.end();
  }

  private static String kvCache() {
    Svg svg = new Svg(720, 270, "What is computed at each step, with and without a KV cache");
    String[] titles = {"without a cache: everything again", "with a cache: only the new token"};
    for (int half = 0; half < 2; half++) {
      double left = 40 + 350 * half;
      svg.text(left, 34, titles[half], "ink");
      for (int step = 0; step < 6; step++) {
        svg.text(left - 4, 73 + 28 * step, Integer.toString(step + 1), "end small muted");
        for (int t = 0; t <= step; t++) {
          boolean computed = half == 0 || t == step;
          svg.rect(left + 8 + 40 * t, 58 + 28 * step, 36, 22, computed ? "warm" : "tint");
        }
      }
    }
    svg.rect(40, 240, 20, 14, "warm").text(68, 252, "computed", "muted");
    svg.rect(160, 240, 20, 14, "tint").text(188, 252, "keys and values remembered", "muted");
    return svg.end();
  }

  private static String taskHeads() {
    Svg svg = new Svg(760, 300, "One body, several heads");
    svg.labelled(20, 120, 100, 50, "token ids", "box", "ink");
    svg.arrow(120, 145, 156, 145);
    svg.rect(160, 90, 130, 110, "boxaccent");
    svg.text(225, 138, "the body", "mid bold ink").text(225, 160, "28 layers", "mid small muted");
    svg.arrow(290, 145, 326, 145);
    svg.labelled(330, 124, 112, 42, "1024 floats", "box", "ink");
    String[][] rows = {
      {"lmHead", "151,936 rows", "which token comes next?"},
      {"two rows of lmHead", "2 rows", "yes or no? which label?"},
      {"score", "a row for each label", "positive or negative?"},
      {"none", "0 rows", "the vector itself: an embedding"},
    };
    for (int i = 0; i < rows.length; i++) {
      double y = 20 + 68 * i;
      svg.arrow(442, 145, 486, y + 25);
      svg.rect(490, y, 250, 50, i == 3 ? "box" : "boxwarm");
      svg.text(502, y + 20, rows[i][0], "bold ink")
          .text(728, y + 20, rows[i][1], "end small muted");
      svg.text(502, y + 40, rows[i][2], "small ink");
    }
    return svg.end();
  }

  private static String training() {
    Svg svg =
        new Svg(
            760, 300, "Training asks all questions at once; generation asks one after the other");
    List<String> text = List.of("Once", "upon", "a", "time", ",", "there");
    svg.text(20, 34, "training: the text is known, so one pass asks all questions", "ink");
    for (int i = 0; i < text.size(); i++) {
      double x = 20 + 84 * i;
      svg.labelled(x, 52, 76, 30, text.get(i), "box", "mono ink");
      if (i < text.size() - 1) {
        svg.labelled(x, 116, 76, 30, text.get(i + 1), "boxwarm", "mono ink");
        svg.arrow(x + 38, 82, x + 38, 113);
      }
    }
    svg.text(452, 136, "right answers: the text, one later", "small muted");
    svg.text(20, 190, "generation: each answer is part of the next question", "ink");
    for (int i = 0; i < 5; i++) {
      double x = 20 + 142 * i;
      svg.labelled(x, 208, 104, 30, "… " + text.get(i), "box", "mono ink");
      svg.labelled(x + 28, 256, 76, 30, text.get(i + 1), "boxwarm", "mono ink");
      svg.arrow(x + 66, 238, x + 66, 254);
      if (i < 4) {
        svg.arrow(
            "M%s 271 L%s 271 L%s 223 L%s 223"
                .formatted(number(x + 104), number(x + 123), number(x + 123), number(x + 140)));
      }
    }
    return svg.end();
  }

  private static String house() {
    Svg svg = new Svg(800, 420, "Modules, and the way of a token through them");
    svg.rect(20, 20, 600, 56, "box")
        .text(36, 44, "cli", "bold ink")
        .text(36, 64, "./nextclass: generate, chat, explain, classify, bench …", "small muted");
    svg.rect(20, 100, 600, 96, "boxaccent")
        .text(36, 124, "sampling", "bold ink")
        .text(
            36,
            144,
            "LanguageModel, Decoder, Decoding: text in, text out, one classification a step",
            "small ink")
        .text(36, 164, "Classifier, Embedder, Reranker: the same body, other heads", "small ink")
        .text(36, 184, "sees token ids and class scores, never tensors", "small muted");
    svg.rect(20, 220, 180, 84, "box")
        .text(36, 244, "tokenizer", "bold ink")
        .text(36, 264, "text ↔ token ids,", "small ink")
        .text(36, 282, "chat template", "small ink");
    svg.rect(220, 220, 400, 84, "boxaccent")
        .text(236, 244, "engine", "bold ink")
        .text(236, 264, "Qwen3: the transformer, written once; Session: KV cache", "small ink")
        .text(236, 282, "sees token ids, never text", "small muted");
    svg.rect(220, 328, 190, 72, "boxwarm")
        .text(236, 352, "engine.cpu", "bold ink")
        .text(236, 372, "CpuBackend; Primitives:", "small ink")
        .text(236, 390, "scalar or Vector API", "small ink");
    svg.rect(430, 328, 190, 72, "boxwarm")
        .text(446, 352, "cuda", "bold ink")
        .text(446, 372, "CudaBackend, optional", "small ink")
        .text(446, 390, "PTX kernels", "small ink");
    svg.rect(640, 220, 140, 84, "box")
        .text(656, 244, "safetensors", "bold ink")
        .text(656, 264, "mapped,", "small ink")
        .text(656, 282, "validated weights", "small ink");
    svg.rect(640, 20, 140, 56, "box")
        .text(656, 44, "hub", "bold ink")
        .text(656, 64, "downloads", "small muted");
    svg.arrow(320, 76, 320, 98)
        .arrow(110, 196, 110, 218)
        .arrow(420, 196, 420, 218)
        .arrow(620, 262, 638, 262);
    svg.arrow(315, 304, 315, 326).arrow(525, 328, 525, 306).arrow(620, 48, 638, 48);
    svg.text(36, 352, "seam: Backend", "warm")
        .text(36, 372, "a dozen operations on", "small muted")
        .text(36, 390, "opaque buffers", "small muted");
    svg.line(158, 348, 216, 348, "linewarm");
    return svg.end();
  }
}
