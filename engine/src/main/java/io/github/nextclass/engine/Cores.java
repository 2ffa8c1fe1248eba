package io.github.nextclass.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * Counts the cores of the machine. The forward pass fills the arithmetic units of a core, or waits
 * for memory, so a second thread on a core that offers two brings nothing, and has to be waited
 * for.
 *
 * <p>Source: the Linux kernel's {@code Documentation/ABI/stable/sysfs-devices-system-cpu}.
 */
final class Cores {
  private static final Path LINUX_CPUS = Path.of("/sys/devices/system/cpu");

  private Cores() {}

  /** The cores that the JVM may use; its processors where the system does not tell. */
  static int available() {
    return available(LINUX_CPUS, Runtime.getRuntime().availableProcessors());
  }

  /** At most so many processors are cores; fewer where some of them share one. */
  static int available(Path cpus, int processors) {
    try {
      int cores = cores(cpus);
      return cores == 0 ? processors : Math.min(cores, processors);
    } catch (IOException | UncheckedIOException e) {
      return processors; // other systems, and containers that hide it
    }
  }

  /** Processors of one core name the same siblings. */
  private static int cores(Path cpus) throws IOException {
    Set<String> siblings = new HashSet<>();
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(cpus, "cpu[0-9]*")) {
      for (Path folder : folders) {
        Path file = folder.resolve("topology/thread_siblings_list");
        if (Files.isReadable(file)) { // not of a processor that is switched off
          siblings.add(Files.readString(file).strip());
        }
      }
    }
    return siblings.size();
  }
}
