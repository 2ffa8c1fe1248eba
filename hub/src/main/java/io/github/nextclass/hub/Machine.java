package io.github.nextclass.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/** What a download takes from the machine, and what tests replace: time, and the disk. */
interface Machine {
  Machine REAL = new Machine() {};

  default Instant now() {
    return Instant.now();
  }

  default void sleep(Duration duration) throws InterruptedException {
    Thread.sleep(duration);
  }

  /** How long a connection may be silent. */
  default Duration patience() {
    return Duration.ofSeconds(30);
  }

  default long usableBytes(Path folder) throws IOException {
    return Files.getFileStore(folder).getUsableSpace();
  }

  default void createSymbolicLink(Path link, Path target) throws IOException {
    Files.createSymbolicLink(link, target);
  }

  default int write(FileChannel file, ByteBuffer bytes, long position) throws IOException {
    return file.write(bytes, position);
  }
}
