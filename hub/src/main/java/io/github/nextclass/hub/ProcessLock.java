package io.github.nextclass.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A lock on a file, against other processes and other threads. It lies where huggingface_hub has
 * its own; the two do not exclude each other on Linux, since Java locks with fcntl and Python with
 * flock, but neither needs it to: each writes under a name of its own and renames.
 *
 * <p>The file is never deleted: who waits for a deleted file waits for nobody.
 */
final class ProcessLock implements AutoCloseable {
  private static final long POLL_MILLIS = 100;

  /**
   * Locks belong to the whole process, and the system drops them when any part of the process
   * closes the file; so the record of them must belong to the process as well.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path path;
  private final FileChannel channel;

  private ProcessLock(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  /** Waits for the lock; says so first where it is held. */
  static ProcessLock acquire(Path path, Runnable beforeWaiting) throws IOException {
    Optional<ProcessLock> lock = tryAcquire(path);
    if (lock.isEmpty()) {
      beforeWaiting.run();
    }
    while (lock.isEmpty()) {
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        throw Interrupts.convert(e);
      }
      lock = tryAcquire(path);
    }
    return lock.get();
  }

  /** The lock, if nobody holds it. */
  static Optional<ProcessLock> tryAcquire(Path file) throws HubException {
    Path path = file.toAbsolutePath().normalize();
    if (!HELD.add(path)) {
      return Optional.empty();
    }
    boolean locked = false;
    try {
      Files.createDirectories(path.getParent());
      FileChannel channel =
          FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        FileLock lock = channel.tryLock();
        locked = lock != null;
        return locked ? Optional.of(new ProcessLock(path, channel)) : Optional.empty();
      } finally {
        if (!locked) {
          channel.close();
        }
      }
    } catch (IOException e) {
      throw DiskFailures.cannotWrite(path, e);
    } finally {
      if (!locked) {
        HELD.remove(path);
      }
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // The system drops the lock with the process at the latest.
    } finally {
      HELD.remove(path);
    }
  }
}
