package io.github.nextclass.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * A file that is being downloaded, in chunks and in any order. Behind the content it keeps what is
 * there already, so that another process can go on:
 *
 * <pre>
 *   +--------- ... ---------+------ ... ------+----------+
 *   | content               | a byte for each | "NXTC" + |
 *   | sizeBytes             | chunk: 1 = done | chunk    |
 *   |                       |                 | bytes    |
 *   +--------- ... ---------+------ ... ------+----------+
 * </pre>
 *
 * A chunk is marked after its last byte was written, so whenever a process dies, what is marked is
 * there. (Should the machine die, the checksum tells.) What is behind the content is cut off at the
 * end; a file of exactly the content's size was left at that moment, and counts as done.
 *
 * <p>Chunks may be written by several threads at once.
 */
final class PartialFile implements AutoCloseable {
  /** So small that little is lost when a process dies, so large that requests do not matter. */
  static final int CHUNK_BYTES = 4 << 20;

  private static final int MAGIC = 0x4e585443; // NXTC
  private static final int MAGIC_BYTES = 8;

  private final Path path;
  private final long sizeBytes;
  private final FileChannel channel;
  private final Machine machine;
  private final byte[] done;

  private PartialFile(Path path, long sizeBytes, FileChannel channel, Machine machine, int chunks) {
    this.path = path;
    this.sizeBytes = sizeBytes;
    this.channel = channel;
    this.machine = machine;
    this.done = new byte[chunks];
  }

  static PartialFile open(Path path, long sizeBytes, Machine machine) throws HubException {
    try {
      FileChannel channel =
          FileChannel.open(
              path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
      PartialFile file = new PartialFile(path, sizeBytes, channel, machine, chunks(sizeBytes));
      try {
        file.readOrBegin();
        return file;
      } catch (IOException | RuntimeException e) {
        file.close();
        throw e;
      }
    } catch (IOException e) {
      throw DiskFailures.cannotWrite(path, e);
    }
  }

  private void readOrBegin() throws IOException {
    if (!readMarks()) {
      Arrays.fill(done, (byte) 0);
      channel.truncate(0);
      writeFully(magic(), sizeBytes + done.length);
    }
  }

  /** Whether this is what another process has left of the same file. */
  private boolean readMarks() throws IOException {
    if (channel.size() == sizeBytes && sizeBytes > 0) {
      Arrays.fill(done, (byte) 1);
      return true;
    }
    if (channel.size() != sizeBytes + done.length + MAGIC_BYTES) {
      return false;
    }
    ByteBuffer marks = ByteBuffer.wrap(done);
    ByteBuffer end = ByteBuffer.allocate(MAGIC_BYTES);
    return channel.read(marks, sizeBytes) == done.length
        && channel.read(end, sizeBytes + done.length) == MAGIC_BYTES
        && end.flip().equals(magic());
  }

  private static ByteBuffer magic() {
    return ByteBuffer.allocate(MAGIC_BYTES).putInt(MAGIC).putInt(CHUNK_BYTES).flip();
  }

  private static int chunks(long sizeBytes) {
    return Math.toIntExact(Math.ceilDiv(sizeBytes, (long) CHUNK_BYTES));
  }

  /** How much of a file another process has left; nothing is written. */
  static long doneBytes(Path path, long sizeBytes, Machine machine) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      PartialFile file = new PartialFile(path, sizeBytes, channel, machine, chunks(sizeBytes));
      return file.readMarks() ? file.doneBytes() : 0;
    }
  }

  /** The same where the size is not known; what others have left counts as long as it is. */
  static long doneBytes(Path path, Machine machine) throws IOException {
    long bytes = Files.size(path);
    long sizeAndMarks = bytes - MAGIC_BYTES;
    long sizeBytes = sizeAndMarks - Math.ceilDiv(sizeAndMarks, CHUNK_BYTES + 1L);
    if (sizeBytes > 0) {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
        PartialFile file = new PartialFile(path, sizeBytes, channel, machine, chunks(sizeBytes));
        if (file.readMarks()) {
          return file.doneBytes();
        }
      }
    }
    return bytes;
  }

  int chunks() {
    return done.length;
  }

  boolean isDone(int chunk) {
    return done[chunk] == 1;
  }

  long chunkStart(int chunk) {
    return (long) chunk * CHUNK_BYTES;
  }

  long chunkBytes(int chunk) {
    return Math.min(CHUNK_BYTES, sizeBytes - chunkStart(chunk));
  }

  long doneBytes() {
    long bytes = 0;
    for (int chunk = 0; chunk < done.length; chunk++) {
      bytes += isDone(chunk) ? chunkBytes(chunk) : 0;
    }
    return bytes;
  }

  void write(ByteBuffer bytes, long position) throws HubException {
    try {
      writeFully(bytes, position);
    } catch (IOException e) {
      throw DiskFailures.cannotWrite(path, e);
    }
  }

  private void writeFully(ByteBuffer bytes, long position) throws IOException {
    long at = position;
    while (bytes.hasRemaining()) {
      at += machine.write(channel, bytes, at);
    }
  }

  void markDone(int chunk) throws HubException {
    write(ByteBuffer.wrap(new byte[] {1}), sizeBytes + chunk);
    done[chunk] = 1;
  }

  boolean matches(String checksum) throws IOException {
    return Checksum.of(channel, sizeBytes, checksum).equals(checksum);
  }

  /** Gives the file its final name. */
  void finish(Path target) throws HubException {
    try {
      channel.truncate(sizeBytes);
      channel.force(true); // or the rename may reach the disk before the content does
      Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw DiskFailures.cannotWrite(target, e);
    }
  }

  void delete() throws IOException {
    Files.deleteIfExists(path);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // Everything that matters was forced to the disk before the rename.
    }
  }
}
