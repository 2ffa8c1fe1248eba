package io.github.nextclass.cuda;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The grids of {@code batch.cuh}: linear layers of BF16 for 9 to 64 tokens. */
final class BatchLaunches {
  /** As in {@code batch.cuh}. */
  private static final int WARPS = 8;

  private static final int TILE_TOKENS = 16;
  private static final int PART = 32;
  private static final int RING = 4;
  private static final int WARP_ROWS = 32;
  private static final int PADDING = 8;
  private static final int WIDE = 4;
  private static final int MOST_SPLITS = 8;

  private static final int WARP = 32;
  private static final int HOPPER = 90;

  /** A head has at least so many times the rows that all warps take at a time. */
  private static final int HEAD_TURNS = 4;

  private final CudaApi.Device device;

  BatchLaunches(CudaApi.Device device) {
    this.device = device;
  }

  /** What a launch does besides; addresses are 0 where it does not. */
  record Extras(long norm, float eps, long residual, boolean isGated) {}

  /** Whether the gate and up can be one launch. */
  boolean takesGates() {
    return hasClusters();
  }

  private boolean hasClusters() {
    return device.computeCapability() >= HOPPER;
  }

  /**
   * A launch for up to three layers.
   *
   * @param layers their arguments: weights, biases, outputs, rows
   * @param rows the rows of each; gated: two of the same number
   */
  Launch layers(
      List<Object> layers, int[] rows, CudaBuffer x, int tokens, Extras extras, boolean isExact) {
    int parts = x.columns() / PART;
    int rowGroups = rowGroups(rows, extras);
    int rowTiles = rowTiles(rows, extras, rowGroups);
    int splitShift = hasClusters() ? splitShift(rowTiles, parts) : 0;
    int perSplit = Math.ceilDiv(parts, 1 << splitShift);
    int tiles = most(tokens);
    while (tiles > 1
        && sharedBytes(tiles, rowGroups, perSplit) > Planner.dynamicSharedBytes(device)) {
      tiles /= 2;
    }
    String name = rowGroups == 1 ? "BATCH_NARROW_" : rowGroups == 2 ? "BATCH_" : "BATCH_WIDE_";
    return new Launch(
        Kernel.valueOf(name + tiles * TILE_TOKENS),
        1 << splitShift,
        rowTiles,
        Math.ceilDiv(tokens, tiles * TILE_TOKENS),
        1 << splitShift,
        WARPS * WARP,
        sharedBytes(tiles, rowGroups, perSplit),
        and(
            layers,
            x.address(),
            extras.norm(),
            extras.eps(),
            extras.residual(),
            x.columns(),
            tokens,
            extras.isGated() ? 1 : 0,
            isExact ? 1 : 0,
            perSplit,
            splitShift));
  }

  /** Wide tiles read the inputs less often; there must be enough of them. */
  private int rowGroups(int[] rows, Extras extras) {
    if (!hasClusters()) {
      return 1;
    }
    return 2 * MOST_SPLITS * rowTiles(rows, extras, WIDE) > device.multiprocessors() ? WIDE : 2;
  }

  private static int rowTiles(int[] rows, Extras extras, int rowGroups) {
    int size = rowGroups * WARP_ROWS;
    return extras.isGated()
        ? Math.ceilDiv(rows[0], size / 2)
        : Arrays.stream(rows).map(count -> Math.ceilDiv(count, size)).sum();
  }

  /** Whether a single layer has so many rows that {@link #head} is the way. */
  boolean isHead(int rows, int columns, int tokens) {
    return rows >= HEAD_TURNS * WARPS * WARP_ROWS * device.multiprocessors()
        && headSharedBytes(most(tokens), columns) <= Planner.dynamicSharedBytes(device);
  }

  /**
   * A launch for a layer of very many rows.
   *
   * @param layer its arguments: weights, biases, outputs, rows
   */
  Launch head(List<Object> layer, CudaBuffer x, int tokens, boolean isExact) {
    int tiles = most(tokens);
    return new Launch(
        Kernel.valueOf("BATCH_HEAD_" + tiles * TILE_TOKENS),
        device.multiprocessors() * (tiles == 1 ? 2 : 1),
        Math.ceilDiv(tokens, tiles * TILE_TOKENS),
        1,
        WARPS * WARP,
        headSharedBytes(tiles, x.columns()),
        and(layer, x.address(), x.columns(), tokens, isExact ? 1 : 0));
  }

  /** Tiles of tokens that a block takes, of which there are kernels. */
  private static int most(int tokens) {
    return tokens <= TILE_TOKENS ? 1 : 2;
  }

  /**
   * The logarithm of the splits. About a block for each multiprocessor is best: one of the next
   * kernel then lies beside it and loads its weights. The number of tokens must not play a part.
   */
  private int splitShift(int rowTiles, int parts) {
    int shift = 0;
    while (2 << shift <= Math.min(MOST_SPLITS, parts)
        && 2 * (rowTiles << (shift + 1)) <= 3 * device.multiprocessors()) {
      shift++;
    }
    return shift;
  }

  /** Sums of other blocks, the weights of a norm, sums of warps, inputs. */
  private static int sharedBytes(int tiles, int rowGroups, int perSplit) {
    int tokens = tiles * TILE_TOKENS;
    int rows = rowGroups * WARP_ROWS;
    int columnGroups = WARPS / rowGroups;
    int arrived = tokens * rows * Float.BYTES;
    int norm = RING * columnGroups * PART * Float.BYTES;
    int chunk = RING * columnGroups;
    int inputs = Math.min(chunk, perSplit) * tokens * PART * Float.BYTES;
    int sums = columnGroups * tokens * (rows + PADDING) * Float.BYTES;
    return arrived + norm + (perSplit <= chunk ? Math.max(sums, inputs) : sums + inputs);
  }

  private static int headSharedBytes(int tiles, int columns) {
    return tiles * TILE_TOKENS * columns * Float.BYTES;
  }

  private static List<Object> and(List<Object> arguments, Object... more) {
    List<Object> all = new ArrayList<>(arguments);
    all.addAll(List.of(more));
    return all;
  }
}
