package io.github.nextclass.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** Time that passes at once, and a disk that can fill up. */
class TestMachine implements Machine {
  static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  final List<Duration> slept = new CopyOnWriteArrayList<>();
  volatile long usableBytes = Long.MAX_VALUE;
  final AtomicLong writableBytes = new AtomicLong(Long.MAX_VALUE);
  volatile boolean links = true;
  volatile Duration patience = Duration.ofSeconds(100);

  @Override
  public Instant now() {
    return NOW;
  }

  @Override
  public void sleep(Duration duration) {
    slept.add(duration);
  }

  @Override
  public Duration patience() {
    return patience;
  }

  @Override
  public long usableBytes(Path folder) {
    return usableBytes;
  }

  @Override
  public void createSymbolicLink(Path link, Path target) throws IOException {
    if (!links) {
      throw new IOException("A required privilege is not held by the client");
    }
    Machine.super.createSymbolicLink(link, target);
  }

  @Override
  public int write(FileChannel file, ByteBuffer bytes, long position) throws IOException {
    if (writableBytes.addAndGet(-bytes.remaining()) < 0) {
      throw new IOException("No space left on device");
    }
    return Machine.super.write(file, bytes, position);
  }
}
