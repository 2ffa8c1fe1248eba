package io.github.nextclass.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.nextclass.docs.book.PlainBpe;
import io.github.nextclass.docs.book.PlainQwen3;
import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Session;
import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The plain loops of the book compute what the library computes. */
class BookTest {
  private static final Path MODEL = Path.of("models/storyteller");
  private static final String TEXT =
      "Once upon a time, there lived a little girl named Lily. She lived in a village.";

  @Test
  void thePlainTransformerHasTheScoresOfTheEngine() throws IOException {
    PlainQwen3 plain = new PlainQwen3(MODEL);
    float[] last = {};
    int[] ids = Tokenizer.load(MODEL).encode(TEXT);
    assertThat(ids).hasSizeGreaterThan(15);
    try (Engine engine = Engine.load(MODEL);
        Session session = engine.newSession(ids.length)) {
      for (int id : ids) {
        float[] scores = plain.forward(id);
        last = scores;
        float[] expected = session.forward(id);
        assertThat(scores).hasSameSizeAs(expected);
        for (int i = 0; i < scores.length; i++) {
          assertThat(scores[i]).isCloseTo(expected[i], within(1e-3f));
        }
      }
    }
    assertThat(plain.logitsAfter(4)).isEqualTo(last);
  }

  @Test
  void attentionIsSharedOutWhole() throws IOException {
    PlainQwen3 plain = new PlainQwen3(MODEL);
    plain.forward(570);
    plain.forward(571);
    float[] shares = plain.attention(2, 3);
    assertThat(shares).hasSize(2);
    assertThat(shares[0] + shares[1]).isCloseTo(1, within(1e-6f));
  }

  @Test
  void thePlainEncoderHasTheIdsOfTheTokenizer() throws IOException {
    PlainBpe plain = new PlainBpe(MODEL);
    Tokenizer tokenizer = Tokenizer.load(MODEL);
    for (String word : List.of("Once", " upon", " village", " unbelievable", "zzz", " Pikachu")) {
      List<Integer> expected = Arrays.stream(tokenizer.encode(word)).boxed().toList();
      assertThat(plain.encode(word, state -> {})).as(word).isEqualTo(expected);
    }
  }
}
