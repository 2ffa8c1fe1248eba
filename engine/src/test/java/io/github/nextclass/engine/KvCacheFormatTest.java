package io.github.nextclass.engine;

import static io.github.nextclass.engine.GoldenCheckpoint.relativeError;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Keys and values in 16 bits: half the memory, scores that are nearly the same, and one order. */
class KvCacheFormatTest {
  /** Numbers are off by 2^-9 at most; the worst of these small random models is off by 1.3e-2. */
  private static final double TOLERANCE = 3e-2;

  private static final EngineOptions BF16 =
      EngineOptions.defaults().withThreads(2).withKvCache(KvCacheFormat.BF16);

  @ParameterizedTest
  @MethodSource("io.github.nextclass.engine.GoldenParityTest#checkpoints")
  void scoresStayNearTheReference(String name) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(name);
    float[][] logits = GoldenParityTest.logits(golden, BF16);
    for (int i = 0; i < logits.length; i++) {
      assertThat(relativeError(logits[i], golden.logits()[i]))
          .as("relative L2 error at position %d", i)
          .isLessThan(TOLERANCE);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = PrimitivesChoice.class,
      names = {"SCALAR", "VECTOR"})
  void chunksThreadsAndPrimitivesDoNotShow(PrimitivesChoice primitives) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(GoldenCheckpoint.WITH_STEPS);
    float[][] expected = GoldenParityTest.logits(golden, BF16.withThreads(1));
    EngineOptions options = BF16.withPrimitives(primitives).withThreads(3);
    for (int chunk : List.of(1, 7, golden.tokenIds().length)) {
      assertThat(GoldenParityTest.logits(golden, options.withPrefillChunk(chunk)))
          .as("in passes of %d", chunk)
          .isDeepEqualTo(expected);
    }
  }

  @Test
  void aForkSharesWhatItsParentWrote() throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(GoldenCheckpoint.WITH_STEPS);
    int[] ids = golden.tokenIds();
    try (Engine engine = Engine.load(golden.folder(), BF16);
        Session whole = engine.newSession(ids.length);
        Session parent = engine.newSession(ids.length)) {
      float[] expected = whole.forward(ids);
      int half = ids.length / 2;
      parent.forward(Arrays.copyOf(ids, half));
      try (Session fork = parent.fork()) {
        parent.forward(ids[0]);
        assertThat(fork.forward(Arrays.copyOfRange(ids, half, ids.length)))
            .containsExactly(expected);
      }
    }
  }

  @Test
  void aPositionTakesHalfTheMemory() throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(GoldenCheckpoint.WITH_STEPS);
    List<Long> bytes = new ArrayList<>();
    for (KvCacheFormat format : KvCacheFormat.values()) {
      try (Engine engine = Engine.load(golden.folder(), BF16.withKvCache(format))) {
        bytes.add(engine.kvBytesPerPosition());
      }
    }
    assertThat(bytes.getFirst()).isEqualTo(2 * bytes.getLast());
  }
}
