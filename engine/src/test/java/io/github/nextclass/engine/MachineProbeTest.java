package io.github.nextclass.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MachineProbeTest {
  private static final Path CHECKPOINT = Path.of("src/test/resources/golden/gqa-tied-bf16");

  @Test
  void measuresRatesThatAMachineCanHave() throws IOException {
    MachineProbe probe = MachineProbe.measure(CHECKPOINT, 1);

    // Wide enough for every machine; a loop that the JIT left out, or a wrong unit, falls outside.
    assertThat(probe.readBytesPerSecond()).isBetween(1e7, 1e12);
    assertThat(probe.flopsPerSecond()).isBetween(1e7, 1e12);
  }

  @Test
  void rejectsNoThreads() {
    assertThatThrownBy(() -> MachineProbe.measure(CHECKPOINT, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("threads is 0");
  }
}
