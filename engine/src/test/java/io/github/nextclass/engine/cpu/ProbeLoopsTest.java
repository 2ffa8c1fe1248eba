package io.github.nextclass.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** That the loops do the work that is counted. */
@Tag("vector-width")
class ProbeLoopsTest {
  static Stream<ProbeLoops> loops() {
    return Stream.of(new ScalarProbeLoops(), new VectorProbeLoops());
  }

  @ParameterizedTest
  @MethodSource("loops")
  void readsEveryByte(ProbeLoops loops) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(4 * MachineLimits.GRAIN_BYTES);
      int before = loops.read(segment, 0, segment.byteSize());

      assertThat(IntStream.range(0, (int) segment.byteSize()))
          .allMatch(at -> {
            segment.set(ValueLayout.JAVA_BYTE, at, (byte) 1);
            int after = loops.read(segment, 0, segment.byteSize());
            segment.set(ValueLayout.JAVA_BYTE, at, (byte) 0);
            return after != before;
          });
    }
  }

  @ParameterizedTest
  @MethodSource("loops")
  void addsUpItsChains(ProbeLoops loops) {
    int lanes = loops.fmasPerRound() / 12;

    assertThat(loops.fma(0)).isEqualTo(lanes * 78f);
    // m * m + a of 1, 2 ... 12: 12 m * m + 78 in each lane
    assertThat(loops.fma(1)).isCloseTo(lanes * (12 * 0.999f * 0.999f + 78), within(1e-2f));
  }
}
