package io.github.nextclass.cuda;

import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Room for the queries, keys and values of one layer as {@code prepare_attention.cuh} makes them:
 * numbers as sums of two BF16. All layers of a pass use it, one after the other. Grows with the
 * passes: for each position it takes what a layer of the KV cache takes.
 */
final class SplitHeads {
  /** Two numbers of 16 bits for each. */
  private static final int BYTES = 2 * Short.BYTES;

  /** Room for fewer is not worth growing from. */
  private static final int FIRST_POSITIONS = 4096;

  private final CudaApi api;
  private final LongFunction<CudaApi.DeviceMemory> allocating;
  private final long queryWidth;
  private final long keyWidth;
  private final Runnable onMove;
  private CudaApi.@Nullable DeviceMemory memory;
  private int rows;
  private int positions;

  /**
   * Takes no memory yet.
   *
   * @param allocating takes memory of so many bytes on the device
   * @param queryWidth the numbers of the queries of a row
   * @param keyWidth the numbers of the keys of a position, and of its values
   * @param onMove called when the room has got another address
   */
  SplitHeads(
      CudaApi api,
      LongFunction<CudaApi.DeviceMemory> allocating,
      int queryWidth,
      int keyWidth,
      Runnable onMove) {
    this.api = api;
    this.allocating = allocating;
    this.queryWidth = queryWidth;
    this.keyWidth = keyWidth;
    this.onMove = onMove;
  }

  /**
   * Makes room; nothing that uses it may be running.
   *
   * @param rows the rows of the pass
   * @param positions the positions that they see
   * @param most the positions that the sequence can have: as it grows, so does the room, by halves
   *     of itself and never beyond what this sequence needs
   */
  void reserve(int rows, int positions, int most) {
    if (rows > this.rows || positions > this.positions) {
      int grown = Math.max(FIRST_POSITIONS, this.positions / 2 * 3);
      int newRows = Math.max(rows, this.rows);
      int newPositions =
          KvPages.roundedUp(Math.max(Math.max(positions, this.positions), Math.min(grown, most)));
      close();
      memory = allocating.apply((newRows * queryWidth + 2L * newPositions * keyWidth) * BYTES);
      this.rows = newRows;
      this.positions = newPositions;
      onMove.run();
    }
  }

  /** For how many positions there is room: whole tiles. */
  int positions() {
    return positions;
  }

  long queries() {
    return memory == null ? 0 : memory.address();
  }

  long keys() {
    return queries() + rows * queryWidth * BYTES;
  }

  long values() {
    return keys() + positions * keyWidth * BYTES;
  }

  void close() {
    if (memory != null) {
      api.free(memory);
      memory = null;
      rows = 0;
      positions = 0;
    }
  }
}
