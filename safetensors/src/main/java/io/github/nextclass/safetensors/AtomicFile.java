package io.github.nextclass.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** Writes a file so that nobody ever sees a part of it. */
final class AtomicFile {
  interface Content {
    void writeTo(WritableByteChannel channel) throws IOException;
  }

  private AtomicFile() {}

  static void write(Path file, Content content) throws IOException {
    Path target = file.toAbsolutePath();
    Path folder = target.getParent();
    if (folder == null || Files.isDirectory(target)) {
      throw new IOException(file + ": is a directory, expected a file to write");
    }
    if (Files.exists(target) && !Files.isRegularFile(target)) { // a rename would replace /dev/null
      throw new IOException(file + ": not a regular file, expected a file to write");
    }
    // Not Files.createTempFile: its files are readable by the owner only, whatever the umask says.
    Path temporary = folder.resolve(".%s.tmp".formatted(UUID.randomUUID()));
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
        content.writeTo(channel);
        // Without it the rename may reach the disk before the data does.
        channel.force(true);
      } catch (FileSystemException e) {
        throw e; // it names its file
      } catch (IOException e) {
        throw new IOException(file + ": " + e.getMessage(), e);
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (Throwable e) {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  static void writeFully(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
