package io.github.nextclass.engine;

import static io.github.nextclass.engine.GoldenCheckpoint.relativeError;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Keys and values in 16 and 8 bits: less memory, scores that are nearly the same, and one order.
 */
class KvCacheFormatTest {
  /**
   * Numbers are off by up to 2^-9 of themselves in BF16, and by a 254th of the largest of 32 in Q8:
   * three times as much on the average. The worst of these small random models, whose scores follow
   * every rounding, are off by 1.3e-2 and 3.8e-2.
   */
  private static double tolerance(KvCacheFormat format) {
    return format == KvCacheFormat.Q8 ? 6e-2 : 3e-2;
  }

  private static final EngineOptions OPTIONS = EngineOptions.defaults().withThreads(2);

  static Stream<Arguments> formatsAndCheckpoints() {
    return Stream.of(KvCacheFormat.BF16, KvCacheFormat.Q8)
        .flatMap(format -> GoldenParityTest.checkpoints().map(name -> Arguments.of(format, name)));
  }

  @ParameterizedTest
  @MethodSource("formatsAndCheckpoints")
  void scoresStayNearTheReference(KvCacheFormat format, String name) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(name);
    float[][] logits = GoldenParityTest.logits(golden, OPTIONS.withKvCache(format));
    for (int i = 0; i < logits.length; i++) {
      assertThat(relativeError(logits[i], golden.logits()[i]))
          .as("relative L2 error at position %d", i)
          .isLessThan(tolerance(format));
    }
  }

  @ParameterizedTest
  @EnumSource(KvCacheFormat.class)
  void chunksThreadsAndPrimitivesDoNotShow(KvCacheFormat format) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(GoldenCheckpoint.WITH_STEPS);
    EngineOptions options = OPTIONS.withKvCache(format);
    float[][] expected = GoldenParityTest.logits(golden, options.withThreads(1));
    for (PrimitivesChoice primitives : List.of(PrimitivesChoice.SCALAR, PrimitivesChoice.VECTOR)) {
      for (int chunk : List.of(1, 7, golden.tokenIds().length)) {
        EngineOptions other =
            options.withPrimitives(primitives).withThreads(3).withPrefillChunk(chunk);
        assertThat(GoldenParityTest.logits(golden, other))
            .as("%s in passes of %d", primitives, chunk)
            .isDeepEqualTo(expected);
      }
    }
  }

  /** Over blocks of the cache, alone and beside another sequence. */
  @ParameterizedTest
  @EnumSource(KvCacheFormat.class)
  void aBatchDoesNotShow(KvCacheFormat format) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(GoldenCheckpoint.WITH_STEPS);
    int[] ids = golden.tokenIds();
    int length = 150;
    try (Engine engine = Engine.load(golden.folder(), OPTIONS.withKvCache(format));
        Session alone = engine.newSession(length);
        Session one = engine.newSession(length);
        Session two = engine.newSession(length)) {
      two.forward(Arrays.copyOf(ids, 5));
      for (int i = 0; i < length - 5; i++) {
        int id = ids[i % ids.length];
        float[] expected = alone.forward(id);
        assertThat(engine.forwardTogether(List.of(one, two), new int[] {id, ids[0]})[0])
            .as("step %d", i)
            .containsExactly(expected);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(KvCacheFormat.class)
  void aForkSharesWhatItsParentWrote(KvCacheFormat format) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(GoldenCheckpoint.WITH_STEPS);
    int[] ids = golden.tokenIds();
    try (Engine engine = Engine.load(golden.folder(), OPTIONS.withKvCache(format));
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
  void aPositionTakesLessMemory() throws IOException {
    assertThat(bytesPerPosition(KvCacheFormat.BF16))
        .isEqualTo(bytesPerPosition(KvCacheFormat.F32) / 2);
    assertThat(bytesPerPosition(KvCacheFormat.Q8))
        .isEqualTo(bytesPerPosition(KvCacheFormat.F32) * 17 / 64); // 8.5 bits of 32
  }

  private static long bytesPerPosition(KvCacheFormat format) throws IOException {
    GoldenCheckpoint golden = GoldenCheckpoint.load(GoldenCheckpoint.WITH_STEPS);
    try (Engine engine = Engine.load(golden.folder(), OPTIONS.withKvCache(format))) {
      return engine.kvBytesPerPosition();
    }
  }
}
