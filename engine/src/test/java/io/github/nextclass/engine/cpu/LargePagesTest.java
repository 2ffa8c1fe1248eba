package io.github.nextclass.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LargePagesTest {
  @ParameterizedTest
  @ValueSource(longs = {1, 4096, (2 << 20) - 1, 2 << 20, (2 << 20) + 1, 7 << 20, 33_333_333})
  void memoryIsThereFromTheFirstByteToTheLastAndGoesWithItsArena(long bytes) {
    MemorySegment memory;
    try (Arena arena = Arena.ofShared()) {
      memory = LargePages.allocate(arena, bytes);
      assertThat(memory.byteSize()).isEqualTo(bytes);
      assertThat(memory.address() % 64).isZero();
      assertThat(memory.mismatch(MemorySegment.ofArray(new byte[(int) bytes]))).isEqualTo(-1);
      memory.fill((byte) 7);
      assertThat(memory.get(ValueLayout.JAVA_BYTE, bytes - 1)).isEqualTo((byte) 7);
    }
    assertThatThrownBy(() -> memory.get(ValueLayout.JAVA_BYTE, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void piecesOfSlabsDoNotOverlap() {
    try (Arena arena = Arena.ofShared()) {
      SegmentAllocator slabs = LargePages.slabs(arena);
      List<MemorySegment> pieces = new ArrayList<>();
      for (long bytes : new long[] {1, 100, 3 << 20, 31 << 20, 1 << 20, 40 << 20, 64, 65}) {
        MemorySegment piece = slabs.allocate(bytes);
        assertThat(piece.byteSize()).isEqualTo(bytes);
        assertThat(piece.address() % 64).isZero();
        piece.fill((byte) pieces.size());
        pieces.add(piece);
      }
      for (int i = 0; i < pieces.size(); i++) {
        byte[] bytes = pieces.get(i).toArray(ValueLayout.JAVA_BYTE);
        byte[] expected = new byte[bytes.length];
        Arrays.fill(expected, (byte) i);
        assertThat(bytes).isEqualTo(expected);
      }
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void memoryIsGivenBack() throws IOException {
    assumeTrue(LargePages.class.getModule().isNativeAccessEnabled());
    long before = virtualBytes();
    for (int i = 0; i < 100; i++) {
      try (Arena arena = Arena.ofShared()) {
        LargePages.allocate(arena, 1L << 30).set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
      }
    }
    assertThat(virtualBytes() - before).isLessThan(20L << 30);
  }

  private static long virtualBytes() throws IOException {
    return 4096 * Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[0]);
  }
}
