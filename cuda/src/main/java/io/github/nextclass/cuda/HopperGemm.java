package io.github.nextclass.cuda;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Linear layers for many tokens on compute capability 9.0: {@code hopper_gemm.cuh}, with the tiles
 * that should take the shortest.
 */
final class HopperGemm {
  /** The only one whose tensor cores read shared memory by themselves in this way. */
  private static final int COMPUTE_CAPABILITY = 90;

  /** As many as a launch takes. */
  private static final int MOST_LAYERS = 3;

  /** Columns of a stage. */
  private static final int DEPTH = 64;

  /** Room for the barriers behind the stages. */
  private static final int BARRIER_BYTES = 1024;

  private static final int WARPGROUP_TOKENS = 64;
  private static final int WARPGROUP = 128;
  private static final int WARP = 32;

  /**
   * A kernel, its tiles, and what a block costs.
   *
   * @param blocks on a multiprocessor at a time
   * @param blockNanos of a block whatever the columns, measured on an H200 in the shapes of
   *     Qwen3-0.6B
   * @param stageNanos of a stage
   */
  private record Tile(
      Kernel kernel, int tokens, int rows, int stages, int blocks, int blockNanos, int stageNanos) {
    int sharedBytes() {
      return stages * (2 * tokens + rows) * DEPTH * Short.BYTES + BARRIER_BYTES;
    }

    int threads() {
      return tokens / WARPGROUP_TOKENS * WARPGROUP + WARP;
    }
  }

  private static final List<Tile> TILES =
      List.of(
          new Tile(Kernel.HOPPER_GEMM_128_128_TWICE, 128, 128, 2, 2, 3500, 1500),
          new Tile(Kernel.HOPPER_GEMM_128_192, 128, 192, 4, 1, 6000, 1000),
          new Tile(Kernel.HOPPER_GEMM_128_128, 128, 128, 4, 1, 4200, 700),
          new Tile(Kernel.HOPPER_GEMM_128_64, 128, 64, 5, 1, 3700, 360),
          new Tile(Kernel.HOPPER_GEMM_64_64, 64, 64, 8, 1, 3600, 240));

  private final CudaApi api;
  private final CudaApi.Device device;

  /**
   * What a launch computes.
   *
   * @param layers one to three, in BF16
   * @param outs where their results go
   * @param residual what the result is added to instead, or 0; for one layer
   * @param gated where {@code silu(out0) out1} goes instead, split in two, or null
   * @param input the input, split in two
   * @param rounds whether only the high half of the input and of the result is used
   */
  record Work(
      List<Op.Layer> layers,
      List<CudaBuffer> outs,
      long residual,
      @Nullable SplitRows gated,
      SplitRows input,
      boolean rounds,
      int columns,
      int tokens) {
    /** The rows of a layer that go through a tile of so many. */
    private int height(Tile tile) {
      return gated == null ? tile.rows() : tile.rows() / 2;
    }

    private int gridX(Tile tile) {
      return layers.stream()
          .limit(gated == null ? MOST_LAYERS : 1)
          .mapToInt(layer -> Math.ceilDiv(layer.weight().rows(), height(tile)))
          .sum();
    }

    private int gridY(Tile tile) {
      return Math.ceilDiv(tokens, tile.tokens());
    }
  }

  HopperGemm(CudaApi api, CudaApi.Device device) {
    this.api = api;
    this.device = device;
  }

  static boolean isFor(CudaApi.Device device) {
    return device.computeCapability() == COMPUTE_CAPABILITY
        && TILES.stream()
            .allMatch(tile -> tile.sharedBytes() <= Planner.dynamicSharedBytes(device));
  }

  Launch launch(Work work) {
    Tile tile =
        TILES.stream()
            .min(Comparator.comparingLong((Tile candidate) -> nanos(candidate, work)))
            .orElseThrow();
    List<Object> arguments = new ArrayList<>();
    for (int i = 0; i < MOST_LAYERS; i++) {
      // One that is not there has no rows, and nobody looks at its map.
      CudaWeight weight = work.layers.get(i < work.layers.size() ? i : 0).weight();
      arguments.add(map(weight.address(), weight.rows(), work, tile.rows() / 2));
    }
    for (int i = 0; i < MOST_LAYERS; i++) {
      CudaWeight bias = i < work.layers.size() ? work.layers.get(i).bias() : null;
      arguments.add(bias == null ? 0L : bias.address());
    }
    boolean stores = work.residual == 0 && work.gated == null;
    for (int i = 0; i < MOST_LAYERS; i++) {
      arguments.add(stores && i < work.outs.size() ? work.outs.get(i).address() : 0L);
    }
    for (int i = 0; i < MOST_LAYERS; i++) {
      arguments.add(i < work.layers.size() ? work.layers.get(i).weight().rows() : 0);
    }
    SplitRows input = work.input;
    arguments.add(map(input.high(), work.tokens, work, tile.tokens()));
    arguments.add(map(work.rounds ? input.high() : input.low(), work.tokens, work, tile.tokens()));
    arguments.add(work.rounds ? 0 : 1);
    arguments.add(work.residual);
    arguments.add(work.gated == null ? 0L : work.gated.high());
    arguments.add(work.gated == null || work.rounds ? 0L : work.gated.low());
    arguments.add(work.columns);
    arguments.add(work.tokens);
    return new Launch(
        tile.kernel(),
        work.gridX(tile),
        work.gridY(tile),
        1,
        tile.threads(),
        tile.sharedBytes(),
        arguments);
  }

  private TensorMap map(long address, int rows, Work work, int boxRows) {
    return api.tensorMap(address, rows, work.columns, boxRows);
  }

  /** About what a launch takes: blocks come in waves that fill the device. */
  private long nanos(Tile tile, Work work) {
    long blocks = (long) work.gridX(tile) * work.gridY(tile);
    long wave = (long) device.multiprocessors() * tile.blocks();
    long stages = Math.ceilDiv(work.columns, DEPTH);
    return (blocks + wave - 1) / wave * (tile.blockNanos() + stages * tile.stageNanos());
  }
}
