package io.github.nextclass.cuda;

import org.jspecify.annotations.Nullable;

/**
 * Room for the input of a linear layer on tensor cores: its numbers as sums of two BF16, one after
 * the other in two arrays. Grows with the passes.
 */
final class SplitRows {
  /** What the copies of 16 bytes demand. */
  private static final int NUMBERS_MULTIPLE = 128;

  private final CudaApi api;
  private final Runnable onMove;
  private CudaApi.@Nullable DeviceMemory memory;
  private long numbers;

  /**
   * Takes no memory yet.
   *
   * @param onMove called when the arrays have got another address
   */
  SplitRows(CudaApi api, Runnable onMove) {
    this.api = api;
    this.onMove = onMove;
  }

  /** Makes room; nothing that uses it may be running. */
  void reserve(long atLeast) {
    if (atLeast > numbers) {
      close();
      numbers = (atLeast + NUMBERS_MULTIPLE - 1) / NUMBERS_MULTIPLE * NUMBERS_MULTIPLE;
      memory = api.allocate(2 * numbers * Short.BYTES);
      onMove.run();
    }
  }

  long high() {
    return memory == null ? 0 : memory.address();
  }

  long low() {
    return high() + numbers * Short.BYTES;
  }

  void close() {
    if (memory != null) {
      api.free(memory);
      memory = null;
      numbers = 0;
    }
  }

  /** The same, or 0 where numbers are rounded to the high halves. */
  long low(boolean rounds) {
    return rounds ? 0 : low();
  }
}
