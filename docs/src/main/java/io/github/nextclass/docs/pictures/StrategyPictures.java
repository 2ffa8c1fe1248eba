package io.github.nextclass.docs.pictures;

import io.github.nextclass.docs.book.PlainDecoding;
import io.github.nextclass.docs.book.PlainDecoding.Beam;
import io.github.nextclass.docs.book.PlainQwen3;
import io.github.nextclass.engine.Session;
import io.github.nextclass.sampling.ClassScore;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Chapter 6: one step of one prompt under every strategy, before and after. */
final class StrategyPictures {
  static final String PROMPT = "Once upon a time, there lived a";
  private static final int CLASSES = 10;
  private static final double ALPHA = 0.6;

  private StrategyPictures() {}

  static Map<String, String> draw() throws IOException {
    Map<String, String> pictures = new HashMap<>();
    try (LanguageModel model = LanguageModel.load(Pictures.MODEL)) {
      Decoding sampling = Decoding.sampling().seed(1);
      pictures.put("greedy.svg", bars(model, Map.of("greedy", Decoding.greedy())));
      Map<String, Decoding> temperatures = new LinkedHashMap<>();
      temperatures.put("temperature 0.5", sampling.temperature(0.5));
      temperatures.put("temperature 1.5", sampling.temperature(1.5));
      pictures.put("temperature.svg", bars(model, temperatures));
      pictures.put("top-k.svg", bars(model, Map.of("top-k 4", sampling.topK(4))));
      pictures.put("top-p.svg", bars(model, Map.of("top-p 0.8", sampling.topP(0.8))));
      pictures.put("min-p.svg", bars(model, Map.of("min-p 0.15", sampling.minP(0.15))));
      Decoding constrained = sampling.choice(" shy bear", " brave bear", " kind king");
      pictures.put("constrained.svg", bars(model, Map.of("one of three texts", constrained)));
      pictures.put("beams.svg", beams(model));
      pictures.put("contrastive.svg", contrastive(model));
    }
    return pictures;
  }

  /** The best classes before, and a column for each way to change them. */
  private static String bars(LanguageModel model, Map<String, Decoding> after) {
    int row = 26;
    int top = 58;
    int column = 230;
    int left = 110;
    Svg svg =
        new Svg(
            left + column * (1 + after.size()) + 20, top + row * CLASSES + 20, "Before and after");
    int x = left;
    boolean first = true;
    for (Map.Entry<String, Decoding> change : after.entrySet()) {
      Decoding decoding = change.getValue().maxNewTokens(12).topClasses(CLASSES);
      List<ClassScore> classes = model.generate(PROMPT, decoding).predictions().getFirst().top();
      int chosen = model.generate(PROMPT, decoding).predictions().getFirst().tokenId();
      if (first) {
        svg.text(x, 34, "before", "bold muted");
        for (int i = 0; i < classes.size(); i++) {
          double y = top + row * i;
          String token = model.decode(classes.get(i).tokenId()).replace(' ', '·');
          svg.text(left - 12, y + 17, token, "mono end ink");
          bar(svg, x, y, classes.get(i).probability(), "head");
        }
        x += column;
        first = false;
      }
      svg.text(x, 34, change.getKey(), "bold accent");
      for (int i = 0; i < classes.size(); i++) {
        ClassScore score = classes.get(i);
        double share =
            decoding.settings().isSampling()
                ? score.filteredProbability()
                : score.tokenId() == chosen ? 1 : 0;
        bar(svg, x, top + row * i, share, "accent");
      }
      x += column;
    }
    return svg.end();
  }

  private static void bar(Svg svg, double x, double y, double share, String classes) {
    if (share == 0) {
      svg.text(x, y + 17, "–", "small muted");
      return;
    }
    double width = Math.max(1, 150 * share);
    svg.rect(x, y + 3, width, 18, classes);
    svg.text(x + width + 7, y + 17, percent(share), "small ink");
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  /** The best four classes, what each would be alike to, and the score that comes of both. */
  private static String contrastive(LanguageModel model) throws IOException {
    int row = 40;
    int top = 62;
    Svg svg = new Svg(760, top + 4 * row + 16, "Contrastive search: probability against likeness");
    svg.text(110, 34, "before", "bold muted")
        .text(310, 34, "alike to what stands there", "bold warm");
    svg.text(590, 34, "contrastive", "bold accent");
    int[] prompt = model.encode(PROMPT);
    List<float[]> before = new ArrayList<>();
    float[] probs = PlainQwen3.softmax(PlainQwen3.read(Pictures.MODEL, prompt, before));
    double best = Double.NEGATIVE_INFINITY;
    int bestRow = 0;
    Decoding four = Decoding.greedy().maxNewTokens(1).topClasses(4);
    List<ClassScore> classes = model.predictions(PROMPT, four).getFirst().top();
    for (int i = 0; i < 4; i++) {
      int id = classes.get(i).tokenId();
      List<float[]> after = new ArrayList<>();
      int[] longer = Arrays.copyOf(prompt, prompt.length + 1);
      longer[prompt.length] = id;
      PlainQwen3.read(Pictures.MODEL, longer, after);
      double score = PlainDecoding.contrastive(probs[id], after.getLast(), before, ALPHA);
      double alike = ((1 - ALPHA) * probs[id] - score) / ALPHA;
      double y = top + row * i;
      svg.text(98, y + 17, model.decode(id).replace(' ', '·'), "mono end ink");
      bar(svg, 110, y, probs[id], "head");
      svg.rect(310, y + 3, 150 * alike, 18, "warm");
      svg.text(317 + 150 * alike, y + 17, String.format(Locale.ROOT, "%.2f", alike), "small ink");
      svg.text(590, y + 17, String.format(Locale.ROOT, "%.3f", score), "ink");
      if (score > best) {
        best = score;
        bestRow = i;
      }
    }
    svg.rect(578, top + row * bestRow - 4, 84, 32, "lineaccent");
    return svg.end();
  }

  /** Three beams over four steps; the plain search, which a test holds equal to the library's. */
  private static String beams(LanguageModel model) {
    int steps = 4;
    List<List<Beam>> history = PlainDecoding.beamSearch(tokens -> probs(model, tokens), 3, steps);
    int column = 180;
    int row = 74;
    Svg svg = new Svg(70 + column * steps + 20, 60 + row * 3 + 20, "Three beams over four steps");
    svg.text(16, 60 + row + 20, "… a", "mono ink");
    List<Beam> best = history.getLast().subList(0, 1);
    for (int step = 0; step < steps; step++) {
      double x = 70 + column * step;
      svg.text(x + 20, 32, "step " + (step + 1), "muted");
      List<Beam> beams = history.get(step);
      for (int i = 0; i < beams.size(); i++) {
        Beam beam = beams.get(i);
        double y = 60 + row * i;
        boolean winner = isPrefix(beam, best.getFirst());
        String token = model.decode(beam.tokens().getLast()).replace(' ', '·');
        svg.rect(x + 20, y, 128, 40, winner ? "boxwarm" : "box");
        svg.text(x + 84, y + 17, token, "mono mid ink");
        svg.text(x + 84, y + 34, percent(Math.exp(beam.logProb())), "small mid muted");
        int parent = step == 0 ? 1 : parent(history.get(step - 1), beam);
        svg.arrow(
            step == 0 ? x - 8 : x - 30,
            step == 0 ? 60 + row + 16 : 60 + row * parent + 20,
            x + 18,
            y + 20);
      }
    }
    return svg.end();
  }

  private static boolean isPrefix(Beam shorter, Beam longer) {
    return longer.tokens().subList(0, shorter.tokens().size()).equals(shorter.tokens());
  }

  private static int parent(List<Beam> before, Beam beam) {
    for (int i = 0; i < before.size(); i++) {
      if (isPrefix(before.get(i), beam)) {
        return i;
      }
    }
    throw new IllegalStateException("a beam without a parent");
  }

  private static float[] probs(LanguageModel model, List<Integer> tokens) {
    int[] prompt = model.encode(PROMPT);
    int[] all = new int[prompt.length + tokens.size()];
    System.arraycopy(prompt, 0, all, 0, prompt.length);
    for (int i = 0; i < tokens.size(); i++) {
      all[prompt.length + i] = tokens.get(i);
    }
    try (Session session = model.engine().newSession(all.length)) {
      return PlainQwen3.softmax(session.forward(all));
    }
  }
}
