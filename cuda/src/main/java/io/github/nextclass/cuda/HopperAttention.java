package io.github.nextclass.cuda;

import java.util.List;

/** Attention of prompts on compute capability 9.0: {@code hopper_attention.cuh}. */
final class HopperAttention {
  /** As in {@code hopper_attention.cuh}. */
  private static final int KEYS = 64;

  private static final int STAGES = 2;
  private static final int STAGES_ROUNDED = 3;
  private static final int THREADS = 384;

  /** Bytes of the barriers behind the tiles; more than there are. */
  private static final int BARRIER_BYTES = 256;

  private final CudaApi api;
  private final SplitHeads heads;
  private final boolean rounds;

  /**
   * Takes nothing.
   *
   * @param heads where queries, keys and values are
   * @param rounds whether they are rounded to BF16
   */
  HopperAttention(CudaApi api, SplitHeads heads, boolean rounds) {
    this.api = api;
    this.heads = heads;
    this.rounds = rounds;
  }

  static boolean isFor(CudaApi.Device device, int headDim) {
    return HopperGemm.isFor(device)
        && sharedBytes(headDim, false) <= Planner.dynamicSharedBytes(device);
  }

  private static int sharedBytes(int headDim, boolean rounds) {
    int width = rounds ? headDim : 2 * headDim;
    int queryLow = rounds ? 0 : AttentionLaunches.PREFILL_ROWS * headDim;
    int stages = rounds ? STAGES_ROUNDED : STAGES;
    return (2 * stages * KEYS * width + queryLow) * Short.BYTES + BARRIER_BYTES;
  }

  /**
   * The launch of one layer.
   *
   * @param blocks blocks of rows
   * @param parts the parts of the keys
   * @param positions the table of positions
   * @param high where the result goes, split in two; 0: to the output of the operation
   * @param low the same
   */
  Launch launch(
      AttentionShape shape,
      Op.Attention op,
      int blocks,
      int parts,
      long positions,
      long high,
      long low) {
    int width = rounds ? shape.headDim() : 2 * shape.headDim();
    int keyWidth = shape.kvHeads() * width;
    return new Launch(
        Kernel.valueOf("HOPPER_ATTENTION_" + (rounds ? "ROUNDED_" : "") + shape.headDim()),
        shape.kvHeads(),
        blocks,
        parts,
        THREADS,
        sharedBytes(shape.headDim(), rounds),
        List.of(
            api.tensorMap(heads.queries(), op.tokens() * shape.heads(), width, KEYS),
            api.tensorMap(heads.keys(), heads.positions(), keyWidth, KEYS),
            api.tensorMap(heads.values(), heads.positions(), keyWidth, KEYS),
            heads.queries(),
            positions,
            shape.parts(),
            shape.ended(),
            op.out().address(),
            high,
            low,
            shape.heads(),
            shape.kvHeads(),
            op.tokens()));
  }
}
