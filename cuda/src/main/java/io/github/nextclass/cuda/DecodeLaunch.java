package io.github.nextclass.cuda;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which kernel of {@code decode_linear.cuh} a linear layer of a few tokens takes, and with which
 * grid. Where a kernel fits that loads all weights of a block at once, one block a multiprocessor
 * or a little more, it is that one.
 */
record DecodeLaunch(Kernel kernel, int tiles, int groups, int together) {
  /** The warps of a block, which share the columns. */
  private static final int WARPS = 8;

  private static final int THREADS = 256;

  /** As in {@code decode_linear.cuh}: columns of a load, rows of a tile, rows of a token. */
  private static final int STEP = 32;

  private static final int TILE = 8;
  private static final int TERMS = 2;
  private static final int ROW_PADDING = 32;
  private static final int MOST_TOKENS = 8;

  /** Blocks of a kernel that takes turns at the rows, on a multiprocessor. */
  private static final int BLOCKS_IN_TURNS = 2;

  /** A kernel that loads all at once. */
  private record AtOnce(String name, int tiles, int columns, boolean isGated) {}

  private static final List<AtOnce> AT_ONCE =
      List.of(
          new AtOnce("DECODE_AT_ONCE_4_4", 4, 1024, false),
          new AtOnce("DECODE_AT_ONCE_1_8", 1, 2048, false),
          new AtOnce("DECODE_AT_ONCE_1_12", 1, 3072, false),
          new AtOnce("DECODE_GATED_AT_ONCE_6_4", 6, 1024, true));

  /** Whether the columns suit these kernels; weights are BF16. */
  static boolean takes(int columns) {
    return columns % STEP == 0;
  }

  /**
   * Chooses.
   *
   * @param device the device
   * @param rows the rows of each layer, 0 for those that are not there
   * @param columns of each layer
   * @param tokens 1 to 8
   * @param isGated whether the layers are gate and up
   */
  static DecodeLaunch of(
      CudaApi.Device device, int[] rows, int columns, int tokens, boolean isGated) {
    AtOnce atOnce = atOnce(device, rows, columns, isGated);
    int all = isGated ? rows[0] : rows[0] + rows[1] + rows[2];
    int tiles;
    String name;
    int blocks;
    if (atOnce != null) {
      tiles = atOnce.tiles();
      name = atOnce.name();
      blocks = all / together(tiles, isGated);
    } else {
      int most = BLOCKS_IN_TURNS * device.multiprocessors();
      boolean isSmall = !isGated && all <= most * TILE * 2;
      tiles = isSmall ? 1 : 4;
      name =
          isGated ? "DECODE_GATED_IN_TURNS_4" : isSmall ? "DECODE_IN_TURNS_1" : "DECODE_IN_TURNS_4";
      blocks = Math.min(Math.ceilDiv(all, together(tiles, isGated)), most);
    }
    int together = Math.min(tokens, MOST_TOKENS);
    while (sharedBytes(tiles, columns, together) > Planner.dynamicSharedBytes(device)) {
      together--; // one fits on every device: the widest layer takes 103 kB
    }
    return new DecodeLaunch(
        Kernel.valueOf(name + (together <= MOST_TOKENS / 2 ? "_8" : "_16")),
        tiles,
        blocks,
        together);
  }

  private static @Nullable AtOnce atOnce(
      CudaApi.Device device, int[] rows, int columns, boolean isGated) {
    for (AtOnce kernel : AT_ONCE) {
      int together = together(kernel.tiles(), kernel.isGated());
      int groups = 0;
      boolean fits = kernel.columns() == columns && kernel.isGated() == isGated;
      for (int i = 0; i < (isGated ? 1 : rows.length); i++) {
        fits &= rows[i] % together == 0;
        groups += rows[i] / together;
      }
      if (fits && groups <= BLOCKS_IN_TURNS * device.multiprocessors()) {
        return kernel;
      }
    }
    return null;
  }

  private static int together(int tiles, boolean isGated) {
    return isGated ? tiles / 2 * TILE : tiles * TILE;
  }

  private static int sharedBytes(int tiles, int columns, int tokens) {
    int rows = TERMS * tokens;
    return WARPS * tiles * rows * TILE * Float.BYTES
        + WARPS * MOST_TOKENS * Float.BYTES
        + rows * (columns + ROW_PADDING) * Short.BYTES;
  }

  /**
   * The launch.
   *
   * @param writesNormed whether one block more writes the input behind its norm
   * @param columns of each layer
   * @param tokens all of them
   * @param arguments of the kernel but for the last
   */
  Launch launch(boolean writesNormed, int columns, int tokens, List<Object> arguments) {
    arguments.add(together);
    return new Launch(
        kernel,
        groups + (writesNormed ? 1 : 0),
        Math.ceilDiv(tokens, together),
        1,
        THREADS,
        sharedBytes(tiles, columns, together),
        arguments);
  }
}
