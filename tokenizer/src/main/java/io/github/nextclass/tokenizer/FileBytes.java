package io.github.nextclass.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Files as a whole: only regular ones, since a pipe would never end, and only of a size that a
 * tokenizer may have.
 */
final class FileBytes {
  /** The published tokenizer.json has 11 MB. */
  private static final long MAX_FILE_BYTES = 1L << 28;

  static byte[] read(Path file) throws IOException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new TokenizerFormatException(
          file
              + ": not a regular file: found "
              + (Files.isDirectory(file) ? "a directory" : "a pipe, socket or device"));
    }
    long size = Files.size(file);
    if (size > MAX_FILE_BYTES) {
      throw new TokenizerFormatException(
          file + ": " + size + " bytes, the limit is " + MAX_FILE_BYTES);
    }
    return Files.readAllBytes(file);
  }

  private FileBytes() {}
}
