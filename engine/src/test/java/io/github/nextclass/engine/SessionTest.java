package io.github.nextclass.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.ConcurrentModificationException;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a session promises: the same logits however its tokens are fed, and clear errors when it is
 * misused.
 */
class SessionTest {
  private static final Path CHECKPOINT = Path.of("src/test/resources/golden/gqa-tied-bf16");
  private static final int[] TOKENS =
      IntStream.range(0, 150).map(i -> (i * 37 + 11) % 61).toArray();

  private static Engine engine(int threads) throws IOException {
    return Engine.load(
        CHECKPOINT, EngineOptions.defaults().withThreads(threads).withPrefillChunk(64));
  }

  private static float[][] allLogits(Session session, int... tokenIds) {
    List<float[]> all = new ArrayList<>();
    session.forward(tokenIds, (position, logits) -> all.add(logits));
    return all.toArray(float[][]::new);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void chunksThreadsAndStepsDoNotShow(int threads) throws IOException {
    try (Engine one =
            Engine.load(CHECKPOINT, EngineOptions.defaults().withThreads(1).withPrefillChunk(150));
        Session whole = one.newSession(150);
        Engine engine = engine(threads);
        Session chunked = engine.newSession(150);
        Session steps = engine.newSession(150);
        Session uneven = engine.newSession(150)) {
      float[][] expected = allLogits(whole, TOKENS);
      assertThat(allLogits(chunked, TOKENS)).isDeepEqualTo(expected);
      for (int i = 0; i < TOKENS.length; i++) {
        assertThat(steps.forward(TOKENS[i])).containsExactly(expected[i]);
      }
      uneven.append(Arrays.copyOfRange(TOKENS, 0, 67));
      uneven.append(Arrays.copyOfRange(TOKENS, 67, 70));
      assertThat(uneven.forward(Arrays.copyOfRange(TOKENS, 70, 150)))
          .containsExactly(expected[149]);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 8, 33})
  void sequencesInABatchAreAsAlone(int size) throws IOException {
    try (Engine engine = engine(2)) {
      List<Session> batch = new ArrayList<>();
      List<Session> alone = new ArrayList<>();
      for (int i = 0; i < size; i++) {
        for (List<Session> list : List.of(batch, alone)) {
          Session session = engine.newSession(200);
          session.append(Arrays.copyOfRange(TOKENS, 0, 3 + 4 * i));
          list.add(session);
        }
      }
      for (int step = 0; step < 4; step++) {
        int token = step * 5 + 1; // and one more for each sequence
        float[][] together =
            engine.forwardTogether(batch, IntStream.range(0, size).map(i -> token + i).toArray());
        for (int i = 0; i < size; i++) {
          assertThat(together[i]).containsExactly(alone.get(i).forward(token + i));
        }
      }
    }
  }

  @Test
  void forksGoTheirOwnWays() throws IOException {
    try (Engine engine = engine(2);
        Session first = engine.newSession(150)) {
      first.append(Arrays.copyOfRange(TOKENS, 0, 70));
      try (Session second = first.fork();
          Session fresh = engine.newSession(150)) {
        float[] a = first.forward(1, 2, 3);
        float[] b = second.forward(4, 5, 6);
        fresh.append(Arrays.copyOfRange(TOKENS, 0, 70));
        assertThat(fresh.forward(4, 5, 6)).containsExactly(b).isNotEqualTo(a);
        fresh.truncate(70);
        assertThat(fresh.forward(1, 2, 3)).containsExactly(a);
        first.truncate(10); // into a block that both hold: the other keeps its own
        first.append(Arrays.copyOfRange(TOKENS, 100, 150));
        second.truncate(70);
        assertThat(second.forward(4, 5, 6)).containsExactly(b);
      }
    }
  }

  @Test
  void twoSessionsOnTwoThreadsAreAsAlone() throws Exception {
    try (Engine engine = engine(2);
        ExecutorService threads = Executors.newFixedThreadPool(2)) {
      List<int[]> alone = List.of(greedy(engine, 5), greedy(engine, 9));
      List<Future<int[]>> together =
          List.of(threads.submit(() -> greedy(engine, 5)), threads.submit(() -> greedy(engine, 9)));
      for (int i = 0; i < 2; i++) {
        assertThat(together.get(i).get(1, TimeUnit.MINUTES)).containsExactly(alone.get(i));
      }
    }
  }

  private static int[] greedy(Engine engine, int start) {
    int[] tokens = new int[60];
    try (Session session = engine.newSession(100)) {
      int token = start;
      for (int i = 0; i < tokens.length; i++) {
        float[] logits = session.forward(token);
        token =
            IntStream.range(0, logits.length)
                .reduce((a, b) -> logits[b] > logits[a] ? b : a)
                .orElseThrow();
        tokens[i] = token;
      }
    }
    return tokens;
  }

  @Test
  void aSessionBelongsToOneThreadAtATime() throws Exception {
    try (Engine engine = engine(1);
        Session session = engine.newSession(10);
        ExecutorService other = Executors.newSingleThreadExecutor()) {
      CountDownLatch inside = new CountDownLatch(1);
      CountDownLatch done = new CountDownLatch(1);
      Future<?> first =
          other.submit(() ->
              session.forward(
                  new int[] {1},
                  (position, logits) -> {
                    inside.countDown();
                    try {
                      done.await();
                    } catch (InterruptedException e) {
                      throw new IllegalStateException(e);
                    }
                  }));
      inside.await();
      assertThatThrownBy(() -> session.forward(2))
          .isInstanceOf(ConcurrentModificationException.class);
      done.countDown();
      first.get();
      assertThat(session.forward(2)).isNotEmpty();
    }
  }

  @Test
  void closingTheEngineWaitsForThePassThatRuns() throws Exception {
    Engine engine = engine(2);
    Session session = engine.newSession(1000);
    try (ExecutorService other = Executors.newSingleThreadExecutor()) {
      CountDownLatch started = new CountDownLatch(1);
      Future<?> running =
          other.submit(() -> {
            for (int i = 0; i < 1000; i++) {
              session.forward(3);
              started.countDown();
            }
          });
      started.await();
      engine.close();
      assertThatThrownBy(running::get)
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
    }
    assertThatThrownBy(() -> session.forward(1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> engine.newSession(5))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    session.close();
    session.close();
    engine.close();
  }

  @Test
  void badTokensAreNamed() throws IOException {
    try (Engine engine = engine(1);
        Session session = engine.newSession(8)) {
      assertThatThrownBy(() -> session.forward(1, -1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("token id -1 at index 1");
      int vocabSize = engine.config().vocabSize();
      assertThatThrownBy(() -> session.forward(vocabSize))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("token id " + vocabSize);
      assertThatThrownBy(session::forward)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("no tokens");
      session.append(1, 2, 3);
      assertThatThrownBy(() -> session.forward(1, 2, 3, 4, 5, 6))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("3 tokens and 6 more exceed the session's capacity of 8");
      assertThatThrownBy(() -> session.truncate(4)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> engine.newSession(0)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> engine.forwardTogether(List.of(session, session), new int[] {1, 2}))
          .isInstanceOf(ConcurrentModificationException.class);
      assertThat(session.position()).isEqualTo(3);
      assertThat(session.forward(4)).hasSize(vocabSize);
    }
  }

  @Test
  void theBudgetIsCheckedBeforeMemoryIsTaken() throws IOException {
    try (Engine probe = engine(1)) {
      long perPosition = probe.kvBytesPerPosition();
      try (Engine engine =
          Engine.load(
              CHECKPOINT, EngineOptions.defaults().withMemoryBudgetBytes(100 * perPosition))) {
        assertThatThrownBy(() -> engine.newSession(101))
            .isInstanceOf(MemoryBudgetException.class)
            .hasMessageContaining("for 101 tokens")
            .hasMessageContaining("max 100 tokens");
        try (Session half = engine.newSession(60)) {
          assertThatThrownBy(half::fork)
              .isInstanceOf(MemoryBudgetException.class)
              .hasMessageContaining("max 40 tokens");
        }
        engine.newSession(100).close();
      }
    }
  }

  @Test
  void anInterruptEndsALongPrefillBetweenPasses() throws IOException {
    try (Engine engine = engine(1);
        Session session = engine.newSession(150)) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> session.forward(TOKENS))
          .isInstanceOf(CancellationException.class)
          .hasMessageContaining("after 0 of 150");
      assertThat(Thread.interrupted()).isTrue();
      assertThat(session.forward(TOKENS)).isNotEmpty();
    }
  }

  @Test
  void aVisitorThatThrowsLeavesTheSessionUsable() throws IOException {
    try (Engine engine = engine(1);
        Session session = engine.newSession(150);
        Session other = engine.newSession(150)) {
      assertThatThrownBy(() ->
              session.forward(
                  TOKENS,
                  (position, logits) -> {
                    throw new UnsupportedOperationException("no more");
                  }))
          .hasMessage("no more");
      assertThat(session.position()).isZero();
      assertThat(session.forward(TOKENS)).containsExactly(other.forward(TOKENS));
    }
  }

  @Test
  void aTruncatedCheckpointIsAnExceptionAndNotTheEndOfTheProcess(@TempDir Path temporary)
      throws IOException {
    CheckpointEditor checkpoint = CheckpointEditor.copy("noprefix", temporary);
    try (Engine engine = Engine.load(checkpoint.folder());
        Session session = engine.newSession(8)) {
      session.forward(1, 2);
      Path weights = checkpoint.folder().resolve("model.safetensors");
      try (RandomAccessFile access = new RandomAccessFile(weights.toFile(), "rw")) {
        access.setLength(100);
      }
      assertThatThrownBy(() -> session.forward(3))
          .isInstanceOf(UncheckedIOException.class)
          .hasMessageContainingAll("model.safetensors", "was truncated while it is open");
      assertThat(session.position()).isEqualTo(2);
    }
  }

  @Test
  void aBranchBecomesTheTrunk() throws IOException {
    try (Engine engine = engine(2);
        Session trunk = engine.newSession(150);
        Session expected = engine.newSession(150)) {
      trunk.append(Arrays.copyOf(TOKENS, 70));
      Session branch = trunk.fork();
      trunk.append(5, 6, 7);
      branch.append(8, 9);
      trunk.adopt(branch);
      assertThat(trunk.position()).isEqualTo(72);
      expected.append(Arrays.copyOf(TOKENS, 70));
      expected.append(8, 9);
      assertThat(trunk.forward(1, 2)).containsExactly(expected.forward(1, 2));
      assertThatThrownBy(() -> branch.forward(1)).hasMessage("session is closed");
      branch.close();
      assertThatThrownBy(() -> trunk.adopt(trunk)).hasMessage("cannot adopt itself");
      assertThatThrownBy(() -> trunk.adopt(branch)).hasMessage("session is closed");
      try (Engine other = engine(1);
          Session foreign = other.newSession(9)) {
        assertThatThrownBy(() -> trunk.adopt(foreign))
            .hasMessage("cannot adopt a session of another engine");
      }
    }
  }

  @Test
  void twoHeadsAskAboutOneToken() throws IOException {
    try (Engine engine = engine(2);
        Session joined = engine.newSession(9);
        Session scored = engine.newSession(9);
        Session placed = engine.newSession(9)) {
      LmHead scores = engine.lmHead();
      Pooler place = engine.pooler(20);
      JoinedHead both = engine.joined(scores, place);
      assertThat(both.size()).isEqualTo(scores.size() + 20);
      float[] result = joined.forward(new int[] {3, 4, 5}, both);
      assertThat(Arrays.copyOf(result, scores.size())).containsExactly(scored.forward(3, 4, 5));
      assertThat(Arrays.copyOfRange(result, scores.size(), result.length))
          .containsExactly(placed.forward(new int[] {3, 4, 5}, place));
      try (Engine other = engine(1)) {
        assertThatThrownBy(() -> engine.joined(scores, other.pooler(2)))
            .hasMessageContaining("of another engine");
      }
    }
  }
}
