package io.github.nextclass.cuda;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Linear layers for many tokens on compute capability 9.0: chooses the tiles of {@code
 * hopper_gemm.cuh}, and how many blocks share the columns of one.
 */
final class HopperGemm {
  /** The only one whose tensor cores read shared memory by themselves in this way. */
  private static final int COMPUTE_CAPABILITY = 90;

  /** As many as a launch takes. */
  private static final int MOST_LAYERS = 3;

  /** Columns of a stage. */
  private static final int DEPTH = 64;

  /** Bytes of the barriers behind the stages; more than there are. */
  private static final int BARRIER_BYTES = 1024;

  private static final int WARPGROUP = 128;
  private static final int WARP = 32;
  private static final int MOST_SHARES = 8;

  /** What fits into the memory for the sums of blocks that share a tile. */
  private static final int MOST_SHARED_NUMBERS = 128 * 128;

  /**
   * A tile, and what it costs: measured on an H200, in nanoseconds.
   *
   * @param blockCost of a block, whatever the columns
   * @param stepCost of a stage
   */
  private record Tile(
      Kernel kernel, int tokens, int rows, int stages, int blockCost, int stepCost) {
    int sharedBytes() {
      return stages * (2 * tokens + rows) * DEPTH * Short.BYTES + BARRIER_BYTES;
    }

    /** Leaving the sums of a block and adding them to the others. */
    int shareCost() {
      return 2000 * tokens * rows / MOST_SHARED_NUMBERS;
    }
  }

  private static final List<Tile> TILES =
      List.of(
          new Tile(Kernel.HOPPER_GEMM_128_256, 128, 256, 3, 5500, 1300),
          new Tile(Kernel.HOPPER_GEMM_128_192, 128, 192, 4, 4500, 1100),
          new Tile(Kernel.HOPPER_GEMM_128_128, 128, 128, 4, 3500, 900),
          new Tile(Kernel.HOPPER_GEMM_64_128, 64, 128, 3, 3000, 650),
          new Tile(Kernel.HOPPER_GEMM_64_64, 64, 64, 4, 2500, 500));

  private final CudaApi api;
  private final CudaApi.Device device;
  private final long sums;
  private final long ended;

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
      int tokens) {}

  /**
   * Takes what {@link #sumsBytes} and {@link #endedBytes} say.
   *
   * @param sums for the sums of blocks that share a tile
   * @param ended counters, zero
   */
  HopperGemm(CudaApi api, CudaApi.Device device, long sums, long ended) {
    this.api = api;
    this.device = device;
    this.sums = sums;
    this.ended = ended;
  }

  static boolean isFor(CudaApi.Device device) {
    return device.computeCapability() == COMPUTE_CAPABILITY
        && TILES.stream()
            .allMatch(tile -> tile.sharedBytes() <= Planner.dynamicSharedBytes(device));
  }

  static long sumsBytes(CudaApi.Device device) {
    return (long) device.multiprocessors() * MOST_SHARED_NUMBERS * Float.BYTES;
  }

  static long endedBytes(CudaApi.Device device) {
    return (long) device.multiprocessors() * Integer.BYTES;
  }

  /** How a launch is cut. */
  private record Cut(Tile tile, int gridX, int gridY, int shares, long cost) {}

  Launch launch(Work work) {
    Cut cut = cut(work);
    int boxRows = cut.tile.rows() / 2;
    List<Object> arguments = new ArrayList<>();
    for (int i = 0; i < MOST_LAYERS; i++) {
      // One that is not there has no rows, and nobody looks at its map.
      CudaWeight weight = work.layers.get(i < work.layers.size() ? i : 0).weight();
      arguments.add(map(weight.address(), weight.rows(), work.columns, boxRows));
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
    long high = work.input.high();
    long low = work.rounds ? high : work.input.low();
    arguments.add(map(high, work.tokens, work.columns, cut.tile.tokens()));
    arguments.add(map(low, work.tokens, work.columns, cut.tile.tokens()));
    arguments.add(work.rounds ? 0 : 1);
    arguments.add(work.residual);
    arguments.add(work.gated == null ? 0L : work.gated.high());
    arguments.add(work.gated == null || work.rounds ? 0L : work.gated.low());
    arguments.addAll(List.of(sums, ended, work.columns, work.tokens));
    return new Launch(
        cut.tile.kernel(),
        cut.gridX,
        cut.gridY,
        cut.shares,
        cut.tile.tokens() / 64 * WARPGROUP + WARP,
        cut.tile.sharedBytes(),
        arguments);
  }

  private TensorMap map(long address, int rows, int columns, int boxRows) {
    return api.tensorMap(address, rows, columns, boxRows);
  }

  /** The cut that should take the shortest. */
  private Cut cut(Work work) {
    Cut best = null;
    for (Tile tile : TILES) {
      int height = work.gated == null ? tile.rows() : tile.rows() / 2;
      int gridX =
          work.layers.stream()
              .limit(work.gated == null ? MOST_LAYERS : 1)
              .mapToInt(layer -> ceil(layer.weight().rows(), height))
              .sum();
      int gridY = ceil(work.tokens, tile.tokens());
      int steps = ceil(work.columns, DEPTH);
      for (int shares = 1; shares <= Math.min(MOST_SHARES, steps); shares *= 2) {
        long blocks = (long) gridX * gridY * shares;
        if (shares > 1 && !fits(tile, blocks)) {
          break;
        }
        long waves = (blocks + device.multiprocessors() - 1) / device.multiprocessors();
        long cost =
            waves * (tile.blockCost() + (long) ceil(steps, shares) * tile.stepCost())
                + (shares > 1 ? (long) shares * tile.shareCost() : 0);
        if (best == null || cost < best.cost) {
          best = new Cut(tile, gridX, gridY, shares, cost);
        }
      }
    }
    if (best == null) {
      throw new AssertionError("one share always fits");
    }
    return best;
  }

  /** The counters are for as many tiles as there are multiprocessors, the sums for their blocks. */
  private boolean fits(Tile tile, long blocks) {
    return blocks <= device.multiprocessors() && tile.tokens() * tile.rows() <= MOST_SHARED_NUMBERS;
  }

  private static int ceil(int n, int by) {
    return (n + by - 1) / by;
  }
}
