package io.github.nextclass.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CoresTest {
  @TempDir Path cpus;

  private void cpu(int number, String siblings) throws IOException {
    Path topology = Files.createDirectories(cpus.resolve("cpu" + number + "/topology"));
    Files.writeString(topology.resolve("thread_siblings_list"), siblings + "\n");
  }

  @Test
  void twoProcessorsOfACoreCountOnce() throws IOException {
    for (int i = 0; i < 8; i++) {
      cpu(i, i % 4 + "," + (i % 4 + 4));
    }
    Files.createDirectories(cpus.resolve("cpufreq"));
    assertThat(Cores.available(cpus, 8)).isEqualTo(4);
  }

  @Test
  void aContainerMayUseFewer() throws IOException {
    for (int i = 0; i < 16; i++) {
      cpu(i, i / 2 * 2 + "-" + (i / 2 * 2 + 1));
    }
    assertThat(Cores.available(cpus, 2)).isEqualTo(2);
  }

  @Test
  void aProcessorThatIsOffDoesNotCount() throws IOException {
    cpu(0, "0");
    cpu(1, "1");
    Files.createDirectories(cpus.resolve("cpu2"));
    assertThat(Cores.available(cpus, 3)).isEqualTo(2);
  }

  @Test
  void whereTheSystemDoesNotTellEachProcessorIsACore() {
    assertThat(Cores.available(cpus, 6)).isEqualTo(6);
    assertThat(Cores.available(cpus.resolve("none"), 6)).isEqualTo(6);
  }

  @Test
  void thisMachineHasSome() {
    assertThat(Cores.available()).isBetween(1, Runtime.getRuntime().availableProcessors());
  }
}
