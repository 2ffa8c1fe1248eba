package io.github.nextclass.engine;

import java.util.Locale;

/**
 * What may still be allocated. Memory is reserved here before it is allocated anywhere.
 * Thread-safe.
 */
final class MemoryBudget {
  private long totalBytes;
  private long usedBytes;

  MemoryBudget(long totalBytes) {
    this.totalBytes = totalBytes;
  }

  /** Lowers the budget to what a device has. */
  synchronized void limit(long bytes) {
    totalBytes = Math.min(totalBytes, bytes);
  }

  synchronized void reserveWeights(long bytes) {
    if (bytes > totalBytes - usedBytes) {
      throw new MemoryBudgetException(
          "need "
              + gib(bytes)
              + " to copy the weights, budget "
              + gib(totalBytes)
              + "; mapped weights need none");
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
