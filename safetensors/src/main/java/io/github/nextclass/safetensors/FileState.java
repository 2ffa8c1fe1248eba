package io.github.nextclass.safetensors;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What tells one state of a file from another, without reading it.
 *
 * @param key identity of the file (device and inode), null where the system has none
 */
record FileState(long sizeBytes, FileTime lastModified, @Nullable Object key) {

  /**
   * Looks at a file, which must be a regular one, before anybody opens it: opening a FIFO would
   * block for ever.
   */
  static FileState of(Path file) throws IOException {
    BasicFileAttributes attributes;
    try {
      attributes = Files.readAttributes(file, BasicFileAttributes.class);
    } catch (NoSuchFileException e) {
      SafetensorsException missing =
          SafetensorsException.of(
              file, Files.isSymbolicLink(file) ? "symbolic link to nothing" : "no such file");
      missing.initCause(e);
      throw missing;
    }
    if (!attributes.isRegularFile()) {
      throw SafetensorsException.of(
          file,
          "not a regular file: found %s"
              .formatted(attributes.isDirectory() ? "a directory" : "a pipe, socket or device"));
    }
    return new FileState(attributes.size(), attributes.lastModifiedTime(), attributes.fileKey());
  }

  /** Checks that the file, if it is still the one at the path, did not become shorter. */
  void requireWhole(Path file) throws SafetensorsException {
    BasicFileAttributes now;
    try {
      now = Files.readAttributes(file, BasicFileAttributes.class);
    } catch (IOException e) {
      return; // gone from the path, and as it was for those who have it open
    }
    if (Objects.equals(key, now.fileKey()) && now.size() < sizeBytes) {
      throw SafetensorsException.of(
          file,
          "was truncated while it is open: found %d bytes, expected %d"
              .formatted(now.size(), sizeBytes));
    }
  }

  /** Checks that the file at the path is still in this state. */
  void verify(Path file) throws SafetensorsException {
    FileState now;
    try {
      now = of(file);
    } catch (SafetensorsException e) {
      throw e;
    } catch (IOException e) {
      SafetensorsException failure =
          SafetensorsException.of(file, "cannot be looked at any more: " + e);
      failure.initCause(e);
      throw failure;
    }
    if (!Objects.equals(key, now.key)) {
      throw SafetensorsException.of(
          file, "was replaced by another file since it was opened; what is open is the old one");
    }
    if (sizeBytes != now.sizeBytes) {
      throw SafetensorsException.of(
          file,
          "changed since it was opened: found %d bytes, expected %d"
              .formatted(now.sizeBytes, sizeBytes));
    }
    if (!lastModified.equals(now.lastModified)) {
      throw SafetensorsException.of(
          file,
          "changed since it was opened: found last modified %s, expected %s"
              .formatted(now.lastModified, lastModified));
    }
  }
}
