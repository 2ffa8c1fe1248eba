package io.github.nextclass.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.nextclass.docs.book.PlainBpe;
import io.github.nextclass.docs.book.PlainDecoding;
import io.github.nextclass.docs.book.PlainQwen3;
import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Session;
import io.github.nextclass.sampling.BeamSearch;
import io.github.nextclass.sampling.ClassScore;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The plain loops of the book compute what the library computes. */
class BookTest {
  private static final Path MODEL = Path.of("models/storyteller");
  private static final String PROMPT = "Once upon a time, there lived a";
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
  void plainStrategiesLeaveWhatTheLibraryLeaves() throws IOException {
    Decoding sampling = Decoding.sampling().seed(1).maxNewTokens(1);
    try (LanguageModel model = LanguageModel.load(MODEL)) {
      float[] scores = scores(model, model.encode(PROMPT));
      float[] probs = PlainQwen3.softmax(scores);
      assertSame(model, sampling.temperature(0.5), PlainDecoding.temperature(scores, 0.5));
      assertSame(model, sampling.temperature(1.5), PlainDecoding.temperature(scores, 1.5));
      assertSame(model, sampling.topK(4), PlainDecoding.topK(probs, 4));
      assertSame(model, sampling.topP(0.8), PlainDecoding.topP(probs, 0.8));
      assertSame(model, sampling.minP(0.15), PlainDecoding.minP(probs, 0.15));
    }
  }

  private static void assertSame(LanguageModel model, Decoding decoding, float[] expected) {
    List<ClassScore> classes = model.predictions(PROMPT, decoding.topClasses(100)).getFirst().top();
    assertThat(classes).hasSize(100);
    for (ClassScore c : classes) {
      assertThat(c.filteredProbability()).isCloseTo(expected[c.tokenId()], within(1e-5));
    }
  }

  private static float[] scores(LanguageModel model, int[] tokens) {
    try (Session session = model.engine().newSession(tokens.length)) {
      return session.forward(tokens);
    }
  }

  @Test
  void plainBeamsAreTheLibrarysBeams() throws IOException {
    try (LanguageModel model = LanguageModel.load(MODEL)) {
      int[] prompt = model.encode(PROMPT);
      List<PlainDecoding.Beam> plain =
          PlainDecoding.beamSearch(
                  tokens ->
                      PlainQwen3.softmax(
                          scores(
                              model,
                              IntStream.concat(
                                      Arrays.stream(prompt),
                                      tokens.stream().mapToInt(Integer::intValue))
                                  .toArray())),
                  3,
                  4)
              .getLast();
      Decoding beams = Decoding.greedy().beams(BeamSearch.of(3)).numReturnSequences(3);
      List<List<Integer>> expected =
          model.generateAll(PROMPT, beams.maxNewTokens(4)).stream()
              .map(generation -> Arrays.stream(generation.tokenIds()).boxed().toList())
              .toList();
      assertThat(plain.stream().map(PlainDecoding.Beam::tokens).toList()).isEqualTo(expected);
    }
  }

  @Test
  void theWheelStopsAsOftenAsASliceIsWide() {
    float[] probs = {0.5f, 0, 0.3f, 0.2f};
    int[] counts = new int[4];
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 10_000; i++) {
      counts[PlainDecoding.draw(probs, random)]++;
    }
    assertThat(counts[0]).isBetween(4800, 5200);
    assertThat(counts[1]).isZero();
    assertThat(counts[2]).isBetween(2800, 3200);
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
