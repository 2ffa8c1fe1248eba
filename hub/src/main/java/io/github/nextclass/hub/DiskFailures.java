package io.github.nextclass.hub;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What is said when the cache cannot be written. */
final class DiskFailures {
  private DiskFailures() {}

  static HubException cannotWrite(Path file, IOException e) {
    if (e instanceof HubException hub) {
      return hub;
    }
    String reason = reason(e);
    String lower = reason.toLowerCase(Locale.ROOT);
    // "No space left on device", "There is not enough space on the disk", "Disk quota exceeded"
    if (lower.contains("space") || lower.contains("quota")) {
      return new HubException(
          "%s: the disk is full (%s); free some space, or set HF_HUB_CACHE to a folder on another disk. What was downloaded stays, and the next try goes on from there"
              .formatted(file, reason),
          e);
    }
    return new HubException(
        "%s: cannot be written (%s); make the cache writable, or set HF_HUB_CACHE to a folder that is"
            .formatted(file, reason),
        e);
  }

  private static String reason(IOException e) {
    @Nullable String message =
        e instanceof FileSystemException file && file.getReason() != null
            ? file.getReason()
            : e.getMessage();
    return e instanceof AccessDeniedException ? "permission denied" : String.valueOf(message);
  }
}
