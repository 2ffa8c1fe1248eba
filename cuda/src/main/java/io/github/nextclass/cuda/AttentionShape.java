package io.github.nextclass.cuda;

/**
 * The numbers and the memory that attention needs.
 *
 * @param heads query heads
 * @param kvHeads heads of keys and values
 * @param headDim the numbers of a head
 * @param parts where the parts of split positions leave their results
 * @param ended where they count themselves
 */
record AttentionShape(int heads, int kvHeads, int headDim, long parts, long ended) {
  /** Bytes of the partial results, D + 2 floats for each row of a part. */
  static long partsBytes(CudaApi.Device device, int heads, int headDim) {
    long rows =
        Math.max(
            (long) AttentionLaunches.MOST_SPLIT_ROWS * heads * AttentionLaunches.SPLITS,
            (long) AttentionLaunches.PREFILL_ROWS
                * AttentionLaunches.MOST_PREFILL_WAVES
                * device.multiprocessors());
    return rows * (headDim + 2) * Float.BYTES;
  }

  static long endedBytes(CudaApi.Device device, int heads) {
    return (long) Math.max(AttentionLaunches.MOST_SPLIT_ROWS * heads, device.multiprocessors())
        * Integer.BYTES;
  }
}
