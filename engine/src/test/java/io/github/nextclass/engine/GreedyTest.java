package io.github.nextclass.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GreedyTest {
  private static final EngineOptions OPTIONS =
      EngineOptions.defaults().withThreads(1).withBackend(EngineOptions.CPU);

  private static Engine load(String name, int chunk) throws IOException {
    return Engine.load(GoldenCheckpoint.ROOT.resolve(name), OPTIONS.withPrefillChunk(chunk));
  }

  /** The same, by the scores. */
  private static int[] choose(Session session, int[] tokenIds, int count) {
    int[] chosen = new int[count];
    int[] next = tokenIds;
    for (int i = 0; i < count; i++) {
      float[] scores = session.forward(next);
      int best = 0;
      for (int c = 1; c < scores.length; c++) {
        best = scores[c] > scores[best] ? c : best;
      }
      chosen[i] = best;
      next = new int[] {best};
    }
    return chosen;
  }

  @ParameterizedTest
  @ValueSource(strings = {"gqa-tied-bf16", "mha-untied-f32", "q8"})
  void choosesWhatTheScoresSay(String name) throws IOException {
    try (Engine engine = load(name, 64);
        Session expected = engine.newSession(100);
        Session actual = engine.newSession(100)) {
      int[] prompt = {3, 5, 7, 9};
      int[] first = choose(expected, prompt, 40);
      assertThat(actual.greedy(prompt, 40)).isEqualTo(first);
      assertThat(actual.position()).isEqualTo(43);
      int[] last = {first[39]};
      assertThat(actual.greedy(last, 5)).isEqualTo(choose(expected, last, 5));
    }
  }

  @Test
  void theBestOfTheFirstClassesComesWithItsScore() throws IOException {
    int classes = 40;
    try (Engine engine = load("gqa-tied-bf16", 64);
        Session expected = engine.newSession(100);
        Session actual = engine.newSession(100)) {
      BestClass[] best = actual.best(new int[] {3, 5, 7, 9}, 40, classes);
      int[] next = {3, 5, 7, 9};
      for (BestClass found : best) {
        float[] scores = Arrays.copyOf(expected.forward(next), classes);
        int id = 0;
        for (int c = 1; c < classes; c++) {
          id = scores[c] > scores[id] ? c : id;
        }
        double total = 0;
        for (float score : scores) {
          total += Math.exp(score - scores[id]);
        }
        assertThat(found.tokenId()).isEqualTo(id);
        assertThat(found.score()).isEqualTo(scores[id]);
        assertThat(found.probability()).isCloseTo(1 / total, within(1e-6));
        next = new int[] {id};
      }
      assertThatThrownBy(() -> actual.best(new int[] {1}, 1, 0))
          .hasMessageContaining("classes is 0, expected 1 to");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 17, 20})
  void aBatchChoosesWhatEachWouldAlone(int size) throws IOException {
    try (Engine engine = load("gqa-tied-bf16", 20)) {
      List<Session> batch = new ArrayList<>();
      List<int[]> prompts = new ArrayList<>();
      int[][] expected = new int[size][];
      for (int i = 0; i < size; i++) {
        int[] prompt = IntStream.rangeClosed(i, 2 * i).map(id -> id % 61).toArray();
        prompts.add(prompt);
        batch.add(engine.newSession(80));
        try (Session alone = engine.newSession(80)) {
          expected[i] = choose(alone, prompt, 18);
        }
      }
      assertThat(engine.greedyTogether(batch, prompts, 18)).isDeepEqualTo(expected);
      batch.forEach(Session::close);
    }
  }

  @Test
  void whatDoesNotFitIsRefusedBeforeTheFirstStep() throws IOException {
    try (Engine engine = load("gqa-tied-bf16", 2);
        Session session = engine.newSession(10)) {
      assertThatThrownBy(() -> session.greedy(new int[] {1, 2}, 10))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("11 more exceed the session's capacity of 10");
      assertThatThrownBy(() -> session.greedy(new int[] {1}, 0))
          .hasMessage("count is 0, expected at least 1");
      assertThatThrownBy(() -> session.greedy(new int[] {}, 1)).hasMessageContaining("no tokens");
      assertThatThrownBy(() -> session.greedy(new int[] {-1}, 1))
          .hasMessageContaining("token id -1");
      assertThat(session.position()).isZero();
      try (Session second = engine.newSession(10);
          Session third = engine.newSession(10)) {
        assertThatThrownBy(() ->
                engine.greedyTogether(
                    List.of(session, second, third),
                    List.of(new int[1], new int[1], new int[1]),
                    1))
            .hasMessage("3 sessions, expected at most prefillChunk, which is 2");
      }
    }
  }
}
