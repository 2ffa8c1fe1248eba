package io.github.nextclass.docs.pictures;

import io.github.nextclass.docs.book.PlainDecoding;
import io.github.nextclass.docs.book.PlainQwen3;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.TensorSource;
import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What happens inside the shipped model, seen through the plain transformer of the book. */
final class ModelPictures {
  private ModelPictures() {}

  static Map<String, String> draw() throws IOException {
    Tokenizer tokenizer = Tokenizer.load(Pictures.MODEL);
    return Map.of(
        "tokens.svg", tokens(tokenizer),
        "embedding.svg", embedding(tokenizer),
        "attention.svg", attention(tokenizer),
        "logit-lens.svg", logitLens(tokenizer));
  }

  private static String visible(String text) {
    return text.replace(' ', '·').replace("\n", "\\n");
  }

  private static String visible(Tokenizer tokenizer, int id) {
    return visible(tokenizer.decode(new int[] {id}));
  }

  private static String tokens(Tokenizer tokenizer) {
    String text = "Who's that Pokemon!?!?";
    int[] ids = tokenizer.encode(text);
    Svg svg = new Svg(760, 170, "A text, its tokens and their ids");
    svg.text(20, 38, "text", "muted").text(90, 38, text, "mono big ink");
    svg.text(20, 88, "tokens", "muted").text(20, 132, "ids", "muted");
    double x = 90;
    for (int id : ids) {
      String token = visible(tokenizer, id);
      double width = Math.max(46, 9.5 * token.length() + 18);
      svg.rect(x, 66, width, 34, "boxaccent").text(x + width / 2, 88, token, "mono mid ink");
      svg.text(x + width / 2, 132, Integer.toString(id), "mono mid muted");
      x += width + 8;
    }
    svg.text(90, 158, "· is a space: it belongs to the word behind it", "small muted");
    return svg.end();
  }

  private static String embedding(Tokenizer tokenizer) throws IOException {
    List<String> words =
        List.of(
            " Lily", " Leila", " Tom", " dog", " cat", " fox", " red", " blue", " green", " river",
            " sea");
    float[][] vectors = new float[words.size()][];
    try (TensorSource source = Safetensors.open(Pictures.MODEL)) {
      for (int i = 0; i < vectors.length; i++) {
        int id = tokenizer.tokenId(words.get(i)).orElseThrow();
        vectors[i] = source.tensor("model.embed_tokens.weight").selectRows(id).toFloatArray();
      }
    }
    int cell = 44;
    int left = 90;
    int top = 56;
    Svg svg = new Svg(640, top + cell * words.size() + 24, "Cosines between embeddings of tokens");
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i).strip();
      svg.text(left - 10, top + cell * i + 27, word, "end ink");
      svg.text(left + cell * i + cell / 2.0, top - 12, word, "mid ink small");
      for (int j = 0; j < words.size(); j++) {
        double cosine = cosine(vectors[i], vectors[j]);
        double x = left + cell * j;
        double y = top + cell * i;
        svg.rect(x + 1, y + 1, cell - 2, cell - 2, "tint");
        svg.shade(x + 1, y + 1, cell - 2, cell - 2, Math.clamp(cosine, 0, 1), "accent");
        String ink = cosine > 0.6 ? "onaccent" : "ink";
        svg.text(
            x + cell / 2.0,
            y + 27,
            "%.1f".formatted(Math.abs(cosine) < 0.05 ? 0 : cosine),
            "small mid " + ink);
      }
    }
    return svg.end();
  }

  private static double cosine(float[] a, float[] b) {
    double dot = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      dot += a[i] * b[i];
      aa += a[i] * a[i];
      bb += b[i] * b[i];
    }
    return dot / Math.sqrt(aa * bb);
  }

  private static String attention(Tokenizer tokenizer) throws IOException {
    int[] ids = tokenizer.encode("The capital of France is");
    PlainQwen3 model = new PlainQwen3(Pictures.MODEL);
    int cell = 62;
    int left = 130;
    int top = 72;
    Svg svg = new Svg(640, top + cell * ids.length + 50, "Attention of one head");
    svg.text(left, 28, "looks at", "muted").text(left - 10, top - 14, "each token", "end muted");
    int best = 0;
    for (int i = 0; i < ids.length; i++) {
      float[] scores = model.forward(ids[i]);
      best = PlainDecoding.argmax(scores);
      float[] shares = model.attention(3, 0);
      boolean last = i == ids.length - 1;
      svg.text(
          left - 10,
          top + cell * i + 36,
          visible(tokenizer, ids[i]),
          "end ink" + (last ? " bold" : ""));
      double x = left + cell * i + cell / 2.0;
      svg.text(x, top - 14, visible(tokenizer, ids[i]), "mid ink");
      for (int p = 0; p <= i; p++) {
        double cx = left + cell * p + 1;
        double cy = top + cell * i + 1;
        svg.rect(cx, cy, cell - 2, cell - 2, "tint");
        svg.shade(cx, cy, cell - 2, cell - 2, shares[p], last ? "warm" : "accent");
        if (shares[p] >= 0.01) {
          String ink = shares[p] > 0.8 ? "onaccent" : "ink";
          svg.text(cx + cell / 2.0 - 1, cy + 35, percent(shares[p]), "small mid " + ink);
        }
      }
    }
    svg.text(
        left,
        top + cell * ids.length + 30,
        "percent, layer 4, head 1; after the last row the model says " + visible(tokenizer, best),
        "small muted");
    return svg.end();
  }

  private static String percent(double share) {
    return Long.toString(Math.round(100 * share));
  }

  private static String logitLens(Tokenizer tokenizer) throws IOException {
    int[] ids = tokenizer.encode("Once upon a time, there");
    PlainQwen3 model = new PlainQwen3(Pictures.MODEL);
    int width = 106;
    int height = 46;
    int left = 118;
    int top = 62;
    Svg svg =
        new Svg(left + width * ids.length + 20, top + height * 5 + 40, "What each layer would say");
    List<String> rows = List.of("embedding", "layer 1", "layer 2", "layer 3", "layer 4");
    for (int layer = 0; layer <= 4; layer++) {
      svg.text(left - 12, top + height * layer + 28, rows.get(layer), "end muted");
    }
    svg.text(left - 12, top - 18, "read", "end muted");
    for (int i = 0; i < ids.length; i++) {
      model.forward(ids[i]);
      svg.text(
          left + width * i + width / 2.0,
          top - 18,
          visible(tokenizer, ids[i]),
          "mono mid bold ink");
      for (int layer = 0; layer <= 4; layer++) {
        float[] probs = PlainQwen3.softmax(model.logitsAfter(layer));
        int best = PlainDecoding.argmax(probs);
        double x = left + width * i + 2;
        double y = top + height * layer + 2;
        svg.rect(x, y, width - 4, height - 4, "tint");
        svg.shade(x, y, width - 4, height - 4, 0.75 * probs[best], layer == 4 ? "warm" : "accent");
        svg.text(x + width / 2.0 - 2, y + 19, visible(tokenizer, best), "mono mid ink");
        svg.text(
            x + width / 2.0 - 2,
            y + 36,
            String.format(Locale.ROOT, "%d %%", Math.round(100 * probs[best])),
            "small mid ink");
      }
    }
    svg.text(
        left,
        top + height * 5 + 24,
        "the best class, if the head were put behind this layer",
        "small muted");
    return svg.end();
  }
}
