package io.github.nextclass.docs.samples;

import io.github.nextclass.docs.book.PlainDecoding;
import io.github.nextclass.docs.book.PlainQwen3;
import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Session;
import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;

/** The samples of chapter 3. */
final class LayerSamples {
  private static final Path folder = Path.of("models/storyteller");

  private LayerSamples() {}

  static void equal() throws IOException {
    Tokenizer tokenizer = Tokenizer.load(folder);
    // @start region=equal
    PlainQwen3 plain = new PlainQwen3(folder);
    try (Engine engine = Engine.load(folder);
        Session session = engine.newSession(16)) {
      for (int id : tokenizer.encode("Once upon a time")) {
        float[] slow = plain.forward(id);
        float[] fast = session.forward(id);
        int best = PlainDecoding.argmax(fast);
        System.out.printf(
            "%-6s -> %-6s %7.3f %7.3f%n",
            tokenizer.decode(new int[] {id}),
            tokenizer.decode(new int[] {best}),
            slow[best],
            fast[best]);
      }
    }
    // @end
  }

  static void lookBack() throws IOException {
    Tokenizer tokenizer = Tokenizer.load(folder);
    // @start region=lookBack
    PlainQwen3 model = new PlainQwen3(folder);
    int[] ids = tokenizer.encode("The capital of France is");
    for (int id : ids) {
      model.forward(id);
    }
    float[] shares = model.attention(3, 0); // of the last token, in layer 4, head 1
    for (int p = 0; p < ids.length; p++) {
      System.out.printf("%-9s%5.1f %%%n", tokenizer.decode(new int[] {ids[p]}), 100 * shares[p]);
    }
    // @end
  }

  static void cacheBytes() throws IOException {
    // @start region=cacheBytes
    try (Engine engine = Engine.load(folder)) {
      System.out.println(engine.kvBytesPerPosition() + " bytes for each token that is remembered");
    }
    // @end
  }
}
