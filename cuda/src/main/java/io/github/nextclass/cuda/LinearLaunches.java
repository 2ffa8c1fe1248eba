package io.github.nextclass.cuda;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The launches of linear layers: which kernel, by the type of the weights and the number of tokens.
 *
 * <pre>
 *   BF16    up to 8 tokens    decode_linear.cuh
 *           up to 64          batch.cuh
 *           more              hopper_gemm.cuh, or gemm.cuh
 *   else                      linear.cuh
 * </pre>
 */
final class LinearLaunches {
  /** As many as {@code linear.cuh} takes in one launch. */
  private static final int MOST_LAYERS = 3;

  /** As in {@code gemm.cuh}: tokens of a tile, and rows of a large and of a small one. */
  private static final int TILE_TOKENS = 64;

  private static final int LARGE_TILE = 128;
  private static final int SMALL_TILE = 64;

  /** The stages of either: what every device since Ampere has. */
  private static final int GEMM_SHARED_BYTES = 96 << 10;

  private static final int GEMM_THREADS = 128;
  private static final int LINEAR_WARPS = 8;

  /** Of {@code linear.cuh}, on a multiprocessor. */
  private static final int LINEAR_BLOCKS = 4;

  private static final int THREADS = 256;
  private static final int WARP = 32;

  private final CudaApi.Device device;
  private final SplitRows splitRows;
  private final SplitRows gatedRows;
  private final @Nullable HopperGemm hopper;
  private final boolean rounds;
  private final BatchLaunches batches;

  /** What a linear kernel does besides; addresses are 0 where it does not. */
  record Extras(long norm, float eps, long normed, long selected, long residual, boolean isGated) {
    static final Extras NONE = new Extras(0, 0, 0, 0, 0, false);

    Extras withResidual(long x) {
      return new Extras(norm, eps, normed, selected, x, isGated);
    }

    Extras gated() {
      return new Extras(norm, eps, normed, selected, residual, true);
    }
  }

  /**
   * Makes launches.
   *
   * @param splitRows where the input of a matrix product is split
   * @param gatedRows where that of down is, if gate and up are one kernel
   * @param hopper the kernels of compute capability 9.0, if they are there
   * @param rounds whether tensor cores get numbers rounded to BF16
   */
  LinearLaunches(
      CudaApi.Device device,
      SplitRows splitRows,
      SplitRows gatedRows,
      @Nullable HopperGemm hopper,
      boolean rounds) {
    this.device = device;
    this.splitRows = splitRows;
    this.gatedRows = gatedRows;
    this.hopper = hopper;
    this.rounds = rounds;
    this.batches = new BatchLaunches(device);
  }

  /** Whether gate, up and SwiGLU of a prompt are one kernel. */
  boolean gatesPrompts() {
    return hopper != null;
  }

  /** Whether they are one for some tens of tokens. */
  boolean gatesBatches() {
    return batches.takesGates();
  }

  /**
   * Gate, up and down of a prompt.
   *
   * @param residual what the result is added to, or 0
   * @param isSplit whether the input is split already
   */
  List<Launch> gated(Op.Linears gateAndUp, Op.Linears down, long residual, boolean isSplit) {
    HopperGemm gemm = hopper;
    if (gemm == null) {
      throw new IllegalStateException("no kernel that gates");
    }
    List<Launch> launches = new ArrayList<>();
    if (!isSplit) {
      launches.add(split(gateAndUp.x(), gateAndUp.tokens()));
    }
    launches.add(
        gemm.launch(
            work(gateAndUp, gateAndUp.layers(), gateAndUp.outs(), 0, gatedRows, splitRows)));
    launches.add(gemm.launch(work(down, down.layers(), down.outs(), residual, null, gatedRows)));
    return launches;
  }

  /** Up to three layers a launch, with weights of one type. */
  List<Launch> launches(Op.Linears op, Extras extras, boolean isSplit) {
    List<Launch> launches = new ArrayList<>();
    boolean gemm = Planner.isGemm(op);
    if (gemm && !isSplit) {
      launches.add(split(op.x(), op.tokens()));
    }
    int from = 0;
    while (from < op.layers().size()) {
      int to = from + 1;
      while (to < op.layers().size() && to < from + MOST_LAYERS && Planner.sameType(op, from, to)) {
        to++;
      }
      if (gemm && hopper != null) {
        launches.add(
            hopper.launch(
                work(
                    op,
                    op.layers().subList(from, to),
                    op.outs().subList(from, to),
                    extras.residual(),
                    null,
                    splitRows)));
        from = to;
        continue;
      }
      Layers layers = new Layers(op.layers().subList(from, to), op.outs().subList(from, to));
      launches.add(
          gemm
              ? gemm(layers, op.x().columns(), op.tokens(), extras.residual())
              : Planner.isBatch(op)
                  ? batch(layers, op.x(), op.tokens(), extras)
                  : linear(layers, op.x(), op.tokens(), extras));
      from = to;
    }
    return launches;
  }

  /** Up to three layers as the kernels take them; 0 for those that are not there. */
  private static final class Layers {
    final List<Object> arguments = new ArrayList<>();
    final int[] rows = new int[MOST_LAYERS];
    final int count;
    final CudaWeight.Format format;

    Layers(List<Op.Layer> layers, List<CudaBuffer> outs) {
      count = layers.size();
      format = layers.get(0).weight().format();
      for (int i = 0; i < layers.size(); i++) {
        rows[i] = layers.get(i).weight().rows();
      }
      add(layers.stream().map(layer -> layer.weight().address()).toList());
      add(layers.stream().map(layer -> address(layer.bias())).toList());
      add(outs.stream().map(CudaBuffer::address).toList());
      for (int n : rows) {
        arguments.add(n);
      }
    }

    private void add(List<Long> addresses) {
      for (int i = 0; i < MOST_LAYERS; i++) {
        arguments.add(i < addresses.size() ? addresses.get(i) : Long.valueOf(0));
      }
    }

    int allRows() {
      return Arrays.stream(rows).sum();
    }

    int tiles(int size) {
      return Arrays.stream(rows).map(count -> Math.ceilDiv(count, size)).sum();
    }

    List<Object> and(Object... more) {
      List<Object> all = new ArrayList<>(arguments);
      all.addAll(List.of(more));
      return all;
    }
  }

  private Launch linear(Layers layers, CudaBuffer x, int tokens, Extras extras) {
    int columns = x.columns();
    if (layers.format == CudaWeight.Format.BF16 && DecodeLaunch.takes(columns)) {
      return DecodeLaunch.of(device, layers.rows, columns, tokens, extras.isGated())
          .launch(
              extras.normed() != 0,
              columns,
              tokens,
              layers.and(
                  x.address(),
                  extras.norm(),
                  extras.eps(),
                  extras.normed(),
                  extras.selected(),
                  extras.residual(),
                  columns,
                  tokens));
    }
    int together = tokensTogether(tokens, columns);
    int pairs = extras.isGated() ? layers.rows[0] : Math.ceilDiv(layers.allRows(), 2);
    int split = warpsAPair(pairs, columns);
    return new Launch(
        Kernel.valueOf("LINEAR_" + layers.format + "_" + together),
        Math.min(
            Math.ceilDiv(pairs, LINEAR_WARPS / split), device.multiprocessors() * LINEAR_BLOCKS),
        Math.ceilDiv(tokens, together),
        1,
        LINEAR_WARPS * WARP,
        together * columns * Float.BYTES,
        layers.and(
            x.address(),
            extras.norm(),
            extras.eps(),
            extras.normed(),
            extras.selected(),
            extras.residual(),
            columns,
            tokens,
            split,
            extras.isGated() ? 1 : 0));
  }

  private Launch split(CudaBuffer x, int tokens) {
    int count = tokens * x.columns();
    return Launch.of(
        Kernel.SPLIT_ROWS,
        Math.ceilDiv(count, THREADS),
        THREADS,
        x.address(),
        splitRows.high(),
        splitRows.low(rounds),
        count);
  }

  private Launch batch(Layers layers, CudaBuffer x, int tokens, Extras extras) {
    boolean isExact = !rounds;
    if (layers.count == 1
        && extras.norm() == 0
        && extras.residual() == 0
        && batches.isHead(layers.rows[0], x.columns(), tokens)) {
      return batches.head(layers.arguments, x, tokens, isExact);
    }
    return batches.layers(
        layers.arguments,
        layers.rows,
        x,
        tokens,
        new BatchLaunches.Extras(extras.norm(), extras.eps(), extras.residual(), extras.isGated()),
        isExact);
  }

  /** Small tiles where large ones would leave multiprocessors idle. The bits are the same. */
  private Launch gemm(Layers layers, int columns, int tokens, long residual) {
    int gridY = Math.ceilDiv(tokens, TILE_TOKENS);
    boolean isLarge = layers.tiles(LARGE_TILE) * gridY >= device.multiprocessors();
    return new Launch(
        isLarge ? Kernel.GEMM_64_128 : Kernel.GEMM_64_64,
        layers.tiles(isLarge ? LARGE_TILE : SMALL_TILE),
        gridY,
        1,
        GEMM_THREADS,
        GEMM_SHARED_BYTES,
        layers.and(splitRows.high(), splitRows.low(rounds), residual, columns, tokens));
  }

  /** As many tokens as there is a kernel for, and whose inputs fit into shared memory. */
  private int tokensTogether(int tokens, int columns) {
    int[] sizes = {1, 8};
    int best = 1;
    for (int size : sizes) {
      boolean fits =
          (long) size * columns * Float.BYTES + Planner.STATIC_SHARED_BYTES <= device.sharedBytes();
      if (fits && (best < tokens)) {
        best = size;
      }
    }
    return best;
  }

  /**
   * How many warps share a pair of rows: as few as give every multiprocessor two blocks, and never
   * so many that a warp has less than a load a lane. The number of tokens must not play a part.
   */
  private int warpsAPair(int pairs, int columns) {
    int split = 1;
    while (split < LINEAR_WARPS
        && Math.ceilDiv(pairs, LINEAR_WARPS / split) < 2 * device.multiprocessors()
        && columns / 8 >= 2 * split * WARP) {
      split *= 2;
    }
    return split;
  }

  private HopperGemm.Work work(
      Op.Linears op,
      List<Op.Layer> layers,
      List<CudaBuffer> outs,
      long residual,
      @Nullable SplitRows gated,
      SplitRows input) {
    return new HopperGemm.Work(
        layers, outs, residual, gated, input, rounds, op.x().columns(), op.tokens());
  }

  private static long address(@Nullable CudaWeight weight) {
    return weight == null ? 0 : weight.address();
  }
}
