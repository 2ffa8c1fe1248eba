package io.github.nextclass.cuda;

import io.github.nextclass.engine.backend.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes launches of the operations of a pass. Neighbours that are often asked for together become
 * one kernel:
 *
 * <pre>
 *   rmsNorm, linears                                        LINEAR with a norm      q, k, v; the head
 *   rmsNorm, linears of two, siluMul                        LINEAR, gated           gate, up
 *   linear, add                                             LINEAR with a residual  o, down
 *   rmsNorm q, rmsNorm k, rotate q, rotate k, append,
 *       attention                                           ATTENTION with norms; for prompts
 *                                                           PREPARE_ATTENTION, and PREFILL_ or
 *                                                           HOPPER_ATTENTION
 *   the first three, for some tokens                        BATCH
 *   rmsNorm, siluMul or attention of prompts,
 *       linears for many tokens                             RMS_NORM, SPLIT_NORM, SILU_MUL or
 *                                                           attention that splits
 *   linears of two, siluMul, linear, on Hopper              HOPPER_GEMM, gated       gate, up; down
 * </pre>
 *
 * A fused kernel leaves in every buffer what the operations that it stands for would, but for what
 * nobody asks for later: q, k and, where it splits for the next layer, the norm of a prompt and the
 * output of attention; on Hopper the result of what is added to a residual, and gate and up of what
 * goes into down. So fusing needs no look at what comes after the next operation; only BATCH takes
 * a norm along where a later one overwrites its result.
 */
final class Planner {
  /** The most parts that the positions of a row are split into, as in {@code attention.cuh}. */
  static final int SPLITS = 32;

  /** The fewest positions of a part. */
  private static final int SPLIT_POSITIONS = 32;

  /** The same where there are more rows than {@link #FEW_TOKENS}: they fill the device anyway. */
  private static final int SPLITS_OF_MANY = 4;

  private static final int SPLIT_POSITIONS_OF_MANY = 256;

  /** Rows from which on there are blocks enough without splitting. */
  static final int MOST_SPLIT_ROWS = 64;

  /** The most tokens that a linear layer takes along while it reads its weights once. */
  static final int FEW_TOKENS = 8;

  /** Up to here a linear layer is as slow as the reading of its weights, with {@code batch.cuh}. */
  static final int BATCH_TOKENS = 64;

  /** Blocks that look for the best class of a row together. */
  private static final int CHOOSE_BLOCKS = 128;

  /** As many as {@code linear.cuh} takes in one launch. */
  private static final int MOST_LAYERS = 3;

  /** More than the kernels declare that take dynamic shared memory too. */
  private static final int STATIC_SHARED_BYTES = 1024;

  /** What the columns of a layer on tensor cores are a multiple of. */
  private static final int DEPTH = 32;

  /** As in {@code gemm.cuh}: tokens of a tile, and rows of a large and of a small one. */
  private static final int TILE_TOKENS = 64;

  private static final int LARGE_TILE = 128;
  private static final int SMALL_TILE = 64;

  /** The stages of either: what every device since Ampere has. */
  private static final int GEMM_SHARED_BYTES = 96 << 10;

  private static final int GEMM_THREADS = 128;

  private static final int THREADS = 256;
  private static final int LINEAR_WARPS = 8;

  /** Of {@code linear.cuh}, on a multiprocessor. */
  private static final int LINEAR_BLOCKS = 4;

  private static final int ATTENTION_THREADS = 256;

  /** As in {@code attention.cuh}: query heads that a block takes, where they share a key head. */
  private static final int ATTENTION_QUERIES = 2;

  /** As in {@code prefill_attention.cuh}: rows of a block, its threads, its tiles by keys. */
  static final int PREFILL_ROWS = 128;

  private static final int PREFILL_THREADS = 256;
  private static final int PREFILL_KEYS = 2 * 32;
  private static final int PREFILL_KEYS_ROUNDED = 3 * 64;

  /** On a multiprocessor, where the rows of a pass are few and the positions before them many. */
  private static final int PREPARE_BLOCKS = 6;

  /** Where blocks of rows are too few to fill the device, parts of them may fill it so often. */
  private static final int MOST_PREFILL_WAVES = 2;

  private static final int WARP = 32;

  private final CudaApi.Device device;
  private final AttentionShape shape;
  private final PassTables tables;
  private final SplitRows splitRows;
  private final SplitHeads splitHeads;
  private final SplitRows gatedRows;
  private final @Nullable HopperGemm hopper;
  private final @Nullable HopperAttention hopperAttention;
  private final CudaBackend.Tuning tuning;
  private final BatchLaunches batches;

  /** The numbers and the memory that attention needs. */
  record AttentionShape(int heads, int kvHeads, int headDim, long parts, long ended) {
    /** Bytes of the partial results, D + 2 floats for each row of a part. */
    static long partsBytes(CudaApi.Device device, int heads, int headDim) {
      long rows =
          Math.max(
              (long) MOST_SPLIT_ROWS * heads * SPLITS,
              (long) PREFILL_ROWS * MOST_PREFILL_WAVES * device.multiprocessors());
      return rows * (headDim + 2) * Float.BYTES;
    }

    static long endedBytes(CudaApi.Device device, int heads) {
      return (long) Math.max(MOST_SPLIT_ROWS * heads, device.multiprocessors()) * Integer.BYTES;
    }
  }

  Planner(
      CudaApi.Device device,
      AttentionShape shape,
      PassTables tables,
      SplitRows splitRows,
      SplitHeads splitHeads,
      SplitRows gatedRows,
      @Nullable HopperGemm hopper,
      @Nullable HopperAttention hopperAttention,
      CudaBackend.Tuning tuning) {
    this.device = device;
    this.shape = shape;
    this.tables = tables;
    this.splitRows = splitRows;
    this.splitHeads = splitHeads;
    this.gatedRows = gatedRows;
    this.hopper = hopper;
    this.hopperAttention = hopperAttention;
    this.tuning = tuning;
    this.batches = new BatchLaunches(device);
  }

  /**
   * See {@link Op.Attention#longest}: few different ones, as each is a plan of its own, and one
   * where it does not matter.
   */
  static int longest(Step step) {
    int most = SPLITS * SPLIT_POSITIONS;
    if (step.tokens() > (step.segments().size() == 1 ? FEW_TOKENS : MOST_SPLIT_ROWS)) {
      return most;
    }
    int keys = Arrays.stream(step.positions()).max().orElse(0) + 1;
    return Math.min(most, Integer.highestOneBit(2 * Math.max(keys, 4 * SPLIT_POSITIONS) - 1));
  }

  /** The most shared memory that a launch may ask for. */
  static int dynamicSharedBytes(CudaApi.Device device) {
    return device.sharedBytes() - STATIC_SHARED_BYTES;
  }

  /** Whether an operation runs on tensor cores, and needs room for its input split in two. */
  static boolean isGemm(Op.Linears op) {
    return op.tokens() > BATCH_TOKENS && suitsTensorCores(op);
  }

  /** Whether it runs on tensor cores, and splits its input itself. */
  private static boolean isBatch(Op.Linears op) {
    return op.tokens() > FEW_TOKENS && op.tokens() <= BATCH_TOKENS && suitsTensorCores(op);
  }

  private static boolean suitsTensorCores(Op.Linears op) {
    return op.x().columns() % DEPTH == 0
        && op.layers().stream()
            .allMatch(layer -> layer.weight().format() == CudaWeight.Format.BF16);
  }

  /** Whether attention runs on tensor cores, and needs room for split queries, keys and values. */
  static boolean isPrefill(Op.Attention op) {
    return op.oneSequence() && op.tokens() > FEW_TOKENS;
  }

  /** The numbers of the input of an operation that takes it split in two; else 0. */
  long splitNumbers(Op op) {
    return op instanceof Op.Linears linears && isGemm(linears)
        ? (long) linears.tokens() * linears.x().columns()
        : 0;
  }

  /** The numbers that an operation leaves split in two for the next, where one kernel gates. */
  long gatedNumbers(Op op) {
    return hopper != null && op instanceof Op.SiluMul silu && silu.tokens() > BATCH_TOKENS
        ? (long) silu.tokens() * silu.gate().columns()
        : 0;
  }

  /**
   * The launches of a pass.
   *
   * @param ops its operations
   * @param tokens the tokens that the tables are laid out for
   */
  List<Launch> plan(List<Op> ops, int tokens) {
    List<Launch> launches = new ArrayList<>();
    int at = 0;
    while (at < ops.size()) {
      boolean isSplit = tuning.fuses() && at > 0 && splitsFor(ops.get(at - 1), ops.get(at));
      boolean splits =
          tuning.fuses() && at + 1 < ops.size() && splitsFor(ops.get(at), ops.get(at + 1));
      int fused =
          tuning.fuses() ? fused(ops.subList(at, ops.size()), tokens, isSplit, launches) : 0;
      if (fused == 0) {
        single(ops.get(at), tokens, splits, isSplit, launches);
        fused = 1;
      }
      at += fused;
    }
    return launches;
  }

  /** Whether an operation makes all of the input of the next, which wants it split in two. */
  private static boolean splitsFor(Op op, Op next) {
    return next instanceof Op.Linears linears
        && isGemm(linears)
        && switch (op) {
          case Op.RmsNorm norm ->
              norm.out() == linears.x()
                  && norm.tokens() == linears.tokens()
                  && norm.weight().columns() == norm.x().columns();
          case Op.SiluMul silu -> silu.gate() == linears.x() && silu.tokens() == linears.tokens();
          case Op.Attention attention ->
              isPrefill(attention)
                  && attention.out() == linears.x()
                  && attention.tokens() == linears.tokens();
          default -> false;
        };
  }

  /** Adds one kernel for the first few operations, and returns for how many; 0 if there is none. */
  private int fused(List<Op> ops, int tokens, boolean isSplit, List<Launch> to) {
    if (ops.get(0) instanceof Op.RmsNorm norm && isOfRows(norm)) {
      return normed(norm, ops, to);
    }
    if (ops.get(0) instanceof Op.Linears linears
        && isBatch(linears)
        && ops.size() > 1
        && takesGate(linears, ops.get(1))) {
      to.addAll(linear(linears, Extras.NONE.gated(), isSplit));
      return 2;
    }
    if (ops.get(0) instanceof Op.RmsNorm qNorm && ops.size() >= 6) {
      return preparedAttention(qNorm, ops, tokens, to);
    }
    if (ops.get(0) instanceof Op.Linears gateAndUp
        && hopper != null
        && ops.size() > 2
        && ops.get(2) instanceof Op.Linears down
        && isGatedOnHopper(gateAndUp, ops.get(1), down)) {
      return gated(hopper, gateAndUp, down, ops, isSplit, to);
    }
    if (ops.get(0) instanceof Op.Linears linears) {
      Op.Add add = addOf(linears, ops);
      if (add != null) {
        to.addAll(linear(linears, Extras.NONE.withResidual(add.x().address()), isSplit));
        return 2;
      }
    }
    return 0;
  }

  /** What adds all that the first operation makes to a residual, if that is the second. */
  private static Op.@Nullable Add addOf(Op.Linears linears, List<Op> ops) {
    return linears.layers().size() == 1
            && ops.size() > 1
            && ops.get(1) instanceof Op.Add add
            && add.branch() == linears.outs().get(0)
        ? add
        : null;
  }

  private static boolean isGatedOnHopper(Op.Linears gateAndUp, Op silu, Op.Linears down) {
    return gateAndUp.tokens() > BATCH_TOKENS
        && isGemm(gateAndUp)
        && isGate(gateAndUp, silu)
        && gateAndUp.layers().stream().allMatch(layer -> layer.bias() == null)
        && isGemm(down)
        && down.layers().size() == 1
        && down.x() == gateAndUp.outs().get(0)
        && down.tokens() == gateAndUp.tokens();
  }

  private int gated(
      HopperGemm hopper,
      Op.Linears gateAndUp,
      Op.Linears down,
      List<Op> ops,
      boolean isSplit,
      List<Launch> to) {
    if (!isSplit) {
      to.add(split(gateAndUp.x(), gateAndUp.tokens()));
    }
    to.add(
        hopper.launch(
            work(gateAndUp, gateAndUp.layers(), gateAndUp.outs(), 0, gatedRows, splitRows)));
    Op.Add add = addOf(down, ops.subList(2, ops.size()));
    long residual = add == null ? 0 : add.x().address();
    to.add(hopper.launch(work(down, down.layers(), down.outs(), residual, null, gatedRows)));
    return add == null ? 3 : 4;
  }

  private HopperGemm.Work work(
      Op.Linears op,
      List<Op.Layer> layers,
      List<CudaBuffer> outs,
      long residual,
      @Nullable SplitRows gated,
      SplitRows input) {
    return new HopperGemm.Work(
        layers, outs, residual, gated, input, tuning.rounds(), op.x().columns(), op.tokens());
  }

  /** Of whole rows, not more of them than kernels take the norm along for. */
  private static boolean isOfRows(Op.RmsNorm norm) {
    return norm.weight().columns() == norm.x().columns() && norm.tokens() <= BATCH_TOKENS;
  }

  /** Whether what a buffer holds is gone by the end of a pass, and nobody has looked at it. */
  private static boolean isOverwritten(CudaBuffer buffer, List<Op> later) {
    for (Op op : later) {
      switch (op) {
        case Op.Linears linears when linears.x() == buffer -> {
          return false;
        }
        case Op.Gather gather when gather.x() == buffer -> {
          return false;
        }
        case Op.RmsNorm norm when norm.x() == buffer || norm.out() == buffer -> {
          return norm.x() != buffer;
        }
        default -> {}
      }
    }
    return false;
  }

  private int normed(Op.RmsNorm norm, List<Op> ops, List<Launch> to) {
    int at = 1;
    CudaBuffer input = norm.out();
    long selected = 0;
    if (ops.size() > at
        && ops.get(at) instanceof Op.Gather gather
        && gather.inOrder()
        && gather.count() == norm.tokens()
        && gather.x() == input) {
      input = gather.out();
      selected = input.address();
      at++;
    }
    if (ops.size() <= at
        || !(ops.get(at) instanceof Op.Linears linears)
        || linears.x() != input
        || linears.tokens() != norm.tokens()
        || norm.x() == norm.out()
        || (isBatch(linears)
            ? selected != 0 || !isOverwritten(input, ops.subList(at + 1, ops.size()))
            : norm.tokens() > FEW_TOKENS)) {
      return 0;
    }
    Extras extras =
        new Extras(norm.weight().address(), norm.eps(), norm.out().address(), selected, 0, false);
    boolean gated = at + 1 < ops.size() && takesGate(linears, ops.get(at + 1));
    Op.Linears of = new Op.Linears(linears.layers(), norm.x(), linears.tokens(), linears.outs());
    to.addAll(linear(of, gated ? extras.gated() : extras, false));
    return at + (gated ? 2 : 1);
  }

  private boolean takesGate(Op.Linears linears, Op next) {
    return isGate(linears, next) && (!isBatch(linears) || batches.takesGates());
  }

  private static boolean isGate(Op.Linears linears, Op next) {
    return next instanceof Op.SiluMul silu
        && linears.layers().size() == 2
        && sameType(linears, 0, 1)
        && silu.gate() == linears.outs().get(0)
        && silu.up() == linears.outs().get(1)
        && linears.layers().get(0).weight().rows() == linears.layers().get(1).weight().rows();
  }

  private int preparedAttention(Op.RmsNorm qNorm, List<Op> ops, int tokens, List<Launch> to) {
    if (ops.get(1) instanceof Op.RmsNorm kNorm
        && ops.get(2) instanceof Op.Rotate qTurn
        && ops.get(3) instanceof Op.Rotate kTurn
        && ops.get(4) instanceof Op.Append append
        && ops.get(5) instanceof Op.Attention attention
        && qNorm.out() == attention.q()
        && qNorm.x() == attention.q()
        && qTurn.x() == attention.q()
        && kNorm.x() == append.k()
        && kNorm.out() == append.k()
        && kTurn.x() == append.k()
        && qNorm.eps() == kNorm.eps()
        && append.layer() == attention.layer()) {
      if (isPrefill(attention)) {
        boolean splits = ops.size() > 6 && splitsFor(attention, ops.get(6));
        to.addAll(prefillAttention(attention, append, qNorm, kNorm, splits, tokens));
        return 6;
      }
      if (attention.tokens() > MOST_SPLIT_ROWS || !attention.ownSequences()) {
        return 0;
      }
      to.add(
          attention(
              attention,
              append.k().address(),
              append.v().address(),
              qNorm.weight().address(),
              kNorm.weight().address(),
              qNorm.eps(),
              tokens));
      return 6;
    }
    return 0;
  }

  private void single(Op op, int tokens, boolean splits, boolean isSplit, List<Launch> to) {
    switch (op) {
      case Op.Embed embed ->
          to.add(
              Launch.of(
                  Kernel.valueOf("EMBED_" + embed.table().format()),
                  embed.tokens(),
                  THREADS,
                  embed.table().address(),
                  tables.tokenIds(),
                  embed.x().address(),
                  embed.x().columns()));
      case Op.EmbedChosen embed ->
          to.add(
              Launch.of(
                  Kernel.valueOf("EMBED_CHOSEN_" + embed.table().format()),
                  embed.tokens(),
                  THREADS,
                  embed.table().address(),
                  embed.chosen().address(),
                  tables.positions(tokens),
                  embed.x().address(),
                  embed.x().columns(),
                  embed.chosen().columns()));
      case Op.RmsNorm norm -> to.add(norm(norm, splits));
      case Op.Linears linears -> to.addAll(linear(linears, Extras.NONE, isSplit));
      case Op.Rotate rotate ->
          to.add(
              Launch.of(
                  Kernel.ROPE,
                  rotate.tokens(),
                  THREADS,
                  rotate.x().address(),
                  tables.angles(tokens),
                  rotate.half(),
                  rotate.x().columns() / (2 * rotate.half())));
      case Op.Append append ->
          to.add(
              Launch.of(
                  Kernel.APPEND_TO_CACHE,
                  append.tokens(),
                  THREADS,
                  append.k().address(),
                  append.v().address(),
                  tables.positions(tokens),
                  tables.firstPage(tokens),
                  tables.pages(tokens),
                  append.layer(),
                  shape.kvHeads(),
                  shape.headDim()));
      case Op.Attention attention -> {
        if (isPrefill(attention)) {
          to.addAll(prefillAttention(attention, null, null, null, splits, tokens));
        } else {
          to.add(attention(attention, 0, 0, 0, 0, 0, tokens));
        }
      }
      case Op.SiluMul silu -> {
        int count = silu.tokens() * silu.gate().columns();
        to.add(
            Launch.of(
                Kernel.SILU_MUL,
                ceil(count, THREADS),
                THREADS,
                silu.gate().address(),
                silu.up().address(),
                count,
                splits ? splitRows.high() : 0,
                splits ? low() : 0));
      }
      case Op.Add add -> {
        int count = add.tokens() * add.x().columns();
        to.add(
            Launch.of(
                Kernel.ADD,
                ceil(count, THREADS),
                THREADS,
                add.x().address(),
                add.branch().address(),
                count));
      }
      case Op.Choose choose ->
          to.add(
              new Launch(
                  Kernel.CHOOSE,
                  CHOOSE_BLOCKS,
                  choose.count(),
                  1,
                  THREADS,
                  0,
                  List.of(
                      choose.scores().address(),
                      tables.gathered(tokens),
                      tables.positions(tokens),
                      shape.parts(),
                      shape.ended(),
                      choose.chosen().address(),
                      choose.classes(),
                      choose.scores().columns(),
                      choose.chosen().columns())));
      case Op.Gather gather ->
          to.add(
              Launch.of(
                  Kernel.GATHER,
                  gather.count(),
                  THREADS,
                  gather.x().address(),
                  tables.gathered(tokens),
                  gather.out().address(),
                  gather.x().columns()));
    }
  }

  private Launch norm(Op.RmsNorm norm, boolean splits) {
    int width = norm.weight().columns();
    if (splits && norm.tokens() > BATCH_TOKENS) {
      return Launch.of(
          Kernel.SPLIT_NORM,
          norm.tokens(),
          THREADS,
          norm.x().address(),
          norm.weight().address(),
          norm.eps(),
          width,
          splitRows.high(),
          low());
    }
    if (width == norm.x().columns()) {
      return Launch.of(
          Kernel.RMS_NORM,
          norm.tokens(),
          THREADS,
          norm.x().address(),
          norm.weight().address(),
          norm.eps(),
          width,
          norm.out().address(),
          splits ? splitRows.high() : 0,
          splits ? low() : 0);
    }
    int heads = norm.tokens() * (norm.x().columns() / width);
    return Launch.of(
        Kernel.HEAD_NORM,
        ceil(heads, THREADS / WARP),
        THREADS,
        norm.x().address(),
        norm.weight().address(),
        norm.eps(),
        width,
        heads,
        norm.out().address());
  }

  /** What a linear kernel does besides; addresses are 0 where it does not. */
  private record Extras(
      long norm, float eps, long normed, long selected, long residual, boolean isGated) {
    static final Extras NONE = new Extras(0, 0, 0, 0, 0, false);

    Extras withResidual(long x) {
      return new Extras(norm, eps, normed, selected, x, isGated);
    }

    Extras gated() {
      return new Extras(norm, eps, normed, selected, residual, true);
    }
  }

  /** Up to three layers a launch, with weights of one type. */
  private List<Launch> linear(Op.Linears op, Extras extras, boolean isSplit) {
    List<Launch> launches = new ArrayList<>();
    boolean gemm = isGemm(op);
    if (gemm && !isSplit) {
      launches.add(split(op.x(), op.tokens()));
    }
    int from = 0;
    while (from < op.layers().size()) {
      int to = from + 1;
      while (to < op.layers().size() && to < from + MOST_LAYERS && sameType(op, from, to)) {
        to++;
      }
      if (gemm && hopper != null && op.tokens() > BATCH_TOKENS) {
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
              : isBatch(op)
                  ? batch(layers, op.x(), op.tokens(), extras)
                  : linear(layers, op.x(), op.tokens(), extras));
      from = to;
    }
    return launches;
  }

  private static boolean sameType(Op.Linears op, int i, int j) {
    return op.layers().get(i).weight().format() == op.layers().get(j).weight().format();
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
      return Arrays.stream(rows).map(count -> ceil(count, size)).sum();
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
    int pairs = extras.isGated() ? layers.rows[0] : ceil(layers.allRows(), 2);
    int split = warpsAPair(pairs, columns);
    return new Launch(
        Kernel.valueOf("LINEAR_" + layers.format + "_" + together),
        Math.min(ceil(pairs, LINEAR_WARPS / split), device.multiprocessors() * LINEAR_BLOCKS),
        ceil(tokens, together),
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
        ceil(count, THREADS),
        THREADS,
        x.address(),
        splitRows.high(),
        low(),
        count);
  }

  /** Where the low halves of the inputs are; 0 where inputs are rounded to the high ones. */
  private long low() {
    return tuning.rounds() ? 0 : splitRows.low();
  }

  private Launch batch(Layers layers, CudaBuffer x, int tokens, Extras extras) {
    boolean isExact = !tuning.rounds();
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
    int gridY = ceil(tokens, TILE_TOKENS);
    boolean isLarge = layers.tiles(LARGE_TILE) * gridY >= device.multiprocessors();
    return new Launch(
        isLarge ? Kernel.GEMM_64_128 : Kernel.GEMM_64_64,
        layers.tiles(isLarge ? LARGE_TILE : SMALL_TILE),
        gridY,
        1,
        GEMM_THREADS,
        GEMM_SHARED_BYTES,
        layers.and(splitRows.high(), low(), residual, columns, tokens));
  }

  /** As many tokens as there is a kernel for, and whose inputs fit into shared memory. */
  private int tokensTogether(int tokens, int columns) {
    int[] sizes = {1, 8};
    int best = 1;
    for (int size : sizes) {
      boolean fits =
          (long) size * columns * Float.BYTES + STATIC_SHARED_BYTES <= device.sharedBytes();
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
        && ceil(pairs, LINEAR_WARPS / split) < 2 * device.multiprocessors()
        && columns / 8 >= 2 * split * WARP) {
      split *= 2;
    }
    return split;
  }

  private Launch attention(
      Op.Attention op, long k, long v, long qNorm, long kNorm, float eps, int tokens) {
    int splits = splits(op.tokens());
    int fewest = op.tokens() <= FEW_TOKENS ? SPLIT_POSITIONS : SPLIT_POSITIONS_OF_MANY;
    return new Launch(
        shape.headDim() == 64 ? Kernel.ATTENTION_64 : Kernel.ATTENTION_128,
        Math.min(splits, Math.max(1, op.longest() / fewest)),
        shape.kvHeads() * ceil(shape.heads() / shape.kvHeads(), ATTENTION_QUERIES),
        op.tokens(),
        ATTENTION_THREADS,
        0,
        List.of(
            op.q().address(),
            k,
            v,
            qNorm,
            kNorm,
            eps,
            tables.angles(tokens),
            tables.positions(tokens),
            tables.firstPage(tokens),
            tables.pages(tokens),
            shape.parts(),
            shape.ended(),
            op.out().address(),
            op.layer(),
            shape.heads(),
            shape.kvHeads(),
            splits,
            fewest));
  }

  /**
   * How the positions of a row are split must not depend on other rows; how many blocks there are
   * may. Blocks without a part cost some tenths of a microsecond a layer.
   */
  private static int splits(int rows) {
    return rows <= FEW_TOKENS ? SPLITS : rows <= MOST_SPLIT_ROWS ? SPLITS_OF_MANY : 1;
  }

  /** Norms null: queries are ready, and keys and values are in the cache. */
  private List<Launch> prefillAttention(
      Op.Attention op,
      Op.@Nullable Append append,
      Op.@Nullable RmsNorm qNorm,
      Op.@Nullable RmsNorm kNorm,
      boolean splits,
      int tokens) {
    boolean is64 = shape.headDim() == 64;
    int heads = shape.heads() + (append == null ? 0 : 2 * shape.kvHeads());
    Launch prepare =
        Launch.of(
            is64 ? Kernel.PREPARE_ATTENTION_64 : Kernel.PREPARE_ATTENTION_128,
            Math.max(
                ceil(op.tokens() * heads, THREADS / WARP),
                device.multiprocessors() * PREPARE_BLOCKS),
            THREADS,
            op.q().address(),
            append == null ? 0L : append.k().address(),
            append == null ? 0L : append.v().address(),
            qNorm == null ? 0L : qNorm.weight().address(),
            kNorm == null ? 0L : kNorm.weight().address(),
            qNorm == null ? 0f : qNorm.eps(),
            tables.angles(tokens),
            tables.positions(tokens),
            tables.firstPage(tokens),
            tables.pages(tokens),
            splitHeads.queries(),
            splitHeads.keys(),
            splitHeads.values(),
            op.layer(),
            shape.heads(),
            shape.kvHeads(),
            op.tokens(),
            tuning.rounds() ? 0 : 1);
    int blocks = ceil(op.tokens() * (shape.heads() / shape.kvHeads()), PREFILL_ROWS);
    int parts = prefillParts(shape.kvHeads() * blocks);
    long high = splits ? splitRows.high() : 0;
    long low = splits ? low() : 0;
    if (hopperAttention != null) {
      return List.of(
          prepare,
          hopperAttention.launch(shape, op, blocks, parts, tables.positions(tokens), high, low));
    }
    int numbers =
        tuning.rounds()
            ? 2 * PREFILL_KEYS_ROUNDED * shape.headDim()
            : (4 * PREFILL_KEYS + PREFILL_ROWS) * shape.headDim();
    Launch attention =
        new Launch(
            Kernel.valueOf(
                "PREFILL_ATTENTION_" + (tuning.rounds() ? "ROUNDED_" : "") + shape.headDim()),
            shape.kvHeads(),
            blocks,
            parts,
            PREFILL_THREADS,
            numbers * Short.BYTES,
            List.of(
                splitHeads.queries(),
                splitHeads.keys(),
                splitHeads.values(),
                tables.positions(tokens),
                shape.parts(),
                shape.ended(),
                op.out().address(),
                high,
                low,
                shape.heads(),
                shape.kvHeads(),
                op.tokens()));
    return List.of(prepare, attention);
  }

  /** Parts of the keys for which the device is busy the shortest, if blocks take equally long. */
  private int prefillParts(int blocks) {
    int best = 1;
    for (int parts = 2; parts <= SPLITS; parts++) {
      int waves = ceil(blocks * parts, device.multiprocessors());
      int bestWaves = ceil(blocks * best, device.multiprocessors());
      if (waves <= MOST_PREFILL_WAVES && waves * best * 10 < bestWaves * parts * 9) {
        best = parts;
      }
    }
    return best;
  }

  private static long address(@Nullable CudaWeight weight) {
    return weight == null ? 0 : weight.address();
  }

  private static int ceil(int n, int by) {
    return (n + by - 1) / by;
  }
}
