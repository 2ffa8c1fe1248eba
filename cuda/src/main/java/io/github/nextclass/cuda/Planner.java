package io.github.nextclass.cuda;

import java.util.ArrayList;
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
  /** The most tokens that a linear layer takes along while it reads its weights once. */
  static final int FEW_TOKENS = 8;

  /** Up to here a linear layer is as slow as the reading of its weights, with {@code batch.cuh}. */
  static final int BATCH_TOKENS = 64;

  /** Blocks that look for the best class of a row together. */
  private static final int CHOOSE_BLOCKS = 128;

  /** More than the kernels declare that take dynamic shared memory too. */
  static final int STATIC_SHARED_BYTES = 1024;

  /** What the columns of a layer on tensor cores are a multiple of. */
  private static final int DEPTH = 32;

  private static final int THREADS = 256;

  private static final int WARP = 32;

  private final AttentionShape shape;
  private final PassTables tables;
  private final SplitRows splitRows;
  private final CudaBackend.Tuning tuning;
  private final LinearLaunches linearLaunches;
  private final AttentionLaunches attentionLaunches;

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
    this.shape = shape;
    this.tables = tables;
    this.splitRows = splitRows;
    this.tuning = tuning;
    linearLaunches = new LinearLaunches(device, splitRows, gatedRows, hopper, tuning.rounds());
    attentionLaunches =
        new AttentionLaunches(
            device, shape, tables, splitRows, splitHeads, hopperAttention, tuning.rounds());
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
  static boolean isBatch(Op.Linears op) {
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
    return linearLaunches.gatesPrompts()
            && op instanceof Op.SiluMul silu
            && silu.tokens() > BATCH_TOKENS
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
      to.addAll(linearLaunches.launches(linears, LinearLaunches.Extras.NONE.gated(), isSplit));
      return 2;
    }
    if (ops.get(0) instanceof Op.RmsNorm qNorm && ops.size() >= 6) {
      return preparedAttention(qNorm, ops, tokens, to);
    }
    if (ops.get(0) instanceof Op.Linears gateAndUp
        && linearLaunches.gatesPrompts()
        && ops.size() > 2
        && ops.get(2) instanceof Op.Linears down
        && isGatedOnHopper(gateAndUp, ops.get(1), down)) {
      Op.Add add = addOf(down, ops.subList(2, ops.size()));
      long residual = add == null ? 0 : add.x().address();
      to.addAll(linearLaunches.gated(gateAndUp, down, residual, isSplit));
      return add == null ? 3 : 4;
    }
    if (ops.get(0) instanceof Op.Linears linears) {
      Op.Add add = addOf(linears, ops);
      if (add != null) {
        to.addAll(
            linearLaunches.launches(
                linears, LinearLaunches.Extras.NONE.withResidual(add.x().address()), isSplit));
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
    LinearLaunches.Extras extras =
        new LinearLaunches.Extras(
            norm.weight().address(), norm.eps(), norm.out().address(), selected, 0, false);
    boolean gated = at + 1 < ops.size() && takesGate(linears, ops.get(at + 1));
    Op.Linears of = new Op.Linears(linears.layers(), norm.x(), linears.tokens(), linears.outs());
    to.addAll(linearLaunches.launches(of, gated ? extras.gated() : extras, false));
    return at + (gated ? 2 : 1);
  }

  private boolean takesGate(Op.Linears op, Op next) {
    return isGate(op, next) && (!isBatch(op) || linearLaunches.gatesBatches());
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
        to.addAll(attentionLaunches.prompt(attention, append, qNorm, kNorm, splits, tokens));
        return 6;
      }
      if (attention.tokens() > AttentionLaunches.MOST_SPLIT_ROWS || !attention.ownSequences()) {
        return 0;
      }
      to.add(
          attentionLaunches.rows(
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
      case Op.Linears linears ->
          to.addAll(linearLaunches.launches(linears, LinearLaunches.Extras.NONE, isSplit));
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
          to.addAll(attentionLaunches.prompt(attention, null, null, null, splits, tokens));
        } else {
          to.add(attentionLaunches.rows(attention, 0, 0, 0, 0, 0, tokens));
        }
      }
      case Op.SiluMul silu -> {
        int count = silu.tokens() * silu.gate().columns();
        to.add(
            Launch.of(
                Kernel.SILU_MUL,
                Math.ceilDiv(count, THREADS),
                THREADS,
                silu.gate().address(),
                silu.up().address(),
                count,
                splits ? splitRows.high() : 0,
                splits ? splitRows.low(tuning.rounds()) : 0));
      }
      case Op.Add add -> {
        int count = add.tokens() * add.x().columns();
        to.add(
            Launch.of(
                Kernel.ADD,
                Math.ceilDiv(count, THREADS),
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
          splitRows.low(tuning.rounds()));
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
          splits ? splitRows.low(tuning.rounds()) : 0);
    }
    int heads = norm.tokens() * (norm.x().columns() / width);
    return Launch.of(
        Kernel.HEAD_NORM,
        Math.ceilDiv(heads, THREADS / WARP),
        THREADS,
        norm.x().address(),
        norm.weight().address(),
        norm.eps(),
        width,
        heads,
        norm.out().address());
  }

  static boolean sameType(Op.Linears op, int i, int j) {
    return op.layers().get(i).weight().format() == op.layers().get(j).weight().format();
  }
}
