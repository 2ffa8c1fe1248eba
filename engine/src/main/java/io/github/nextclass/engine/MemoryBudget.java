package io.github.nextclass.engine;

import java.util.Locale;

/**
 * What may still be allocated. Memory is reserved here before it is allocated anywhere.
 * Thread-safe.
 */
final class MemoryBudget {
  private long totalBytes;
  private long usedBytes;
  private long rowOrderBytes;

  MemoryBudget(long totalBytes) {
    this.totalBytes = totalBytes;
  }

  /** Lowers the budget to what a device has. */
  synchronized void limit(long bytes) {
    totalBytes = Math.min(totalBytes, bytes);
  }

  synchronized void reserveWeights(long bytes) {
    reserve(bytes, "to copy the weights", "; mapped weights need none");
  }

  /** For what a backend copies of quantised weights. */
  synchronized void reserveRowOrder(long bytes) {
    reserve(bytes, "to bring quantised weights into row order", "");
    rowOrderBytes += bytes;
  }

  /** For weights that are quantised while loading. */
  synchronized void reserveQuantized(long bytes) {
    reserve(bytes, "to quantise the weights", "");
    rowOrderBytes += bytes;
  }

  synchronized long rowOrderBytes() {
    return rowOrderBytes;
  }

  private void reserve(long bytes, String purpose, String hint) {
    long leftBytes = totalBytes - usedBytes;
    if (bytes > leftBytes) {
      throw new MemoryBudgetException(
          "need "
              + gib(bytes)
              + " "
              + purpose
              + ", budget "
              + gib(totalBytes)
              + (usedBytes == 0 ? "" : " of which " + gib(leftBytes) + " is free")
              + hint);
    }
    usedBytes += bytes;
  }

  /** Reserves a KV cache and returns its size. */
  synchronized long reserveCache(int positions, long bytesPerPosition) {
    long bytes = Math.multiplyExact(positions, bytesPerPosition);
    long leftBytes = totalBytes - usedBytes;
    if (bytes > leftBytes) {
      throw new MemoryBudgetException(
          "need "
              + gib(bytes)
              + " for "
              + positions
              + " tokens, budget "
              + gib(totalBytes)
              + " of which "
              + gib(leftBytes)
              + " is free, max "
              + leftBytes / bytesPerPosition
              + " tokens");
    }
    usedBytes += bytes;
    return bytes;
  }

  synchronized void release(long bytes) {
    usedBytes -= bytes;
  }

  private static String gib(long bytes) {
    return String.format(Locale.ROOT, "%.2f GiB", bytes / 0x1p30);
  }
}
