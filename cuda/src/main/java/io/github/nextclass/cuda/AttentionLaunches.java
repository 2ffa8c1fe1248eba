package io.github.nextclass.cuda;

import io.github.nextclass.engine.backend.Step;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The launches of attention: of single rows, and of the many rows of a prompt. */
final class AttentionLaunches {
  /** The most parts that the positions of a row are split into, as in {@code attention.cuh}. */
  static final int SPLITS = 32;

  /** The fewest positions of a part. */
  private static final int SPLIT_POSITIONS = 32;

  /**
   * The same where there are more rows than {@link Planner#FEW_TOKENS}: they fill the device
   * anyway.
   */
  private static final int SPLITS_OF_MANY = 4;

  private static final int SPLIT_POSITIONS_OF_MANY = 256;

  /** Rows from which on there are blocks enough without splitting. */
  static final int MOST_SPLIT_ROWS = 64;

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
  static final int MOST_PREFILL_WAVES = 2;

  private static final int THREADS = 256;
  private static final int WARP = 32;

  private final CudaApi.Device device;
  private final AttentionShape shape;
  private final PassTables tables;
  private final SplitRows splitRows;
  private final SplitHeads splitHeads;
  private final @Nullable HopperAttention hopper;
  private final boolean rounds;

  /**
   * Makes launches.
   *
   * @param splitRows where a prompt's result goes if a matrix product takes it next
   * @param splitHeads where its queries, keys and values are prepared
   * @param hopper the kernel of compute capability 9.0, if it is there
   * @param rounds whether tensor cores get numbers rounded to BF16
   */
  AttentionLaunches(
      CudaApi.Device device,
      AttentionShape shape,
      PassTables tables,
      SplitRows splitRows,
      SplitHeads splitHeads,
      @Nullable HopperAttention hopper,
      boolean rounds) {
    this.device = device;
    this.shape = shape;
    this.tables = tables;
    this.splitRows = splitRows;
    this.splitHeads = splitHeads;
    this.hopper = hopper;
    this.rounds = rounds;
  }

  /**
   * See {@link Op.Attention#longest}: few different ones, as each is a plan of its own, and one
   * where it does not matter.
   */
  static int longest(Step step) {
    int most = SPLITS * SPLIT_POSITIONS;
    if (step.tokens() > (step.segments().size() == 1 ? Planner.FEW_TOKENS : MOST_SPLIT_ROWS)) {
      return most;
    }
    int keys = Arrays.stream(step.positions()).max().orElse(0) + 1;
    return Math.min(most, Integer.highestOneBit(2 * Math.max(keys, 4 * SPLIT_POSITIONS) - 1));
  }

  /**
   * Attention of single rows. With norms, the kernel also norms and turns queries and keys, and
   * appends; all zero if that has been done.
   *
   * @param k the address of the keys as they were projected
   * @param v that of the values
   * @param qNorm that of the weights of the queries' norm
   * @param kNorm that of the keys' norm
   * @param tokens the tokens that the tables are laid out for
   */
  Launch rows(Op.Attention op, long k, long v, long qNorm, long kNorm, float eps, int tokens) {
    int splits = splits(op.tokens());
    int fewest = op.tokens() <= Planner.FEW_TOKENS ? SPLIT_POSITIONS : SPLIT_POSITIONS_OF_MANY;
    return new Launch(
        shape.headDim() == 64 ? Kernel.ATTENTION_64 : Kernel.ATTENTION_128,
        Math.min(splits, Math.max(1, op.longest() / fewest)),
        shape.kvHeads() * Math.ceilDiv(shape.heads() / shape.kvHeads(), ATTENTION_QUERIES),
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
    return rows <= Planner.FEW_TOKENS ? SPLITS : rows <= MOST_SPLIT_ROWS ? SPLITS_OF_MANY : 1;
  }

  /**
   * Attention of the rows of a prompt.
   *
   * @param append keys and values to be appended; null, as the norms are, if queries are ready and
   *     keys and values are in the cache
   * @param splits whether the result goes to a matrix product
   */
  List<Launch> prompt(
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
                Math.ceilDiv(op.tokens() * heads, THREADS / WARP),
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
            rounds ? 0 : 1);
    int blocks = Math.ceilDiv(op.tokens() * (shape.heads() / shape.kvHeads()), PREFILL_ROWS);
    int parts = prefillParts(shape.kvHeads() * blocks);
    long high = splits ? splitRows.high() : 0;
    long low = splits ? splitRows.low(rounds) : 0;
    if (hopper != null) {
      return List.of(
          prepare, hopper.launch(shape, op, blocks, parts, tables.positions(tokens), high, low));
    }
    int numbers =
        rounds
            ? 2 * PREFILL_KEYS_ROUNDED * shape.headDim()
            : (4 * PREFILL_KEYS + PREFILL_ROWS) * shape.headDim();
    Launch attention =
        new Launch(
            Kernel.valueOf("PREFILL_ATTENTION_" + (rounds ? "ROUNDED_" : "") + shape.headDim()),
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
      int waves = Math.ceilDiv(blocks * parts, device.multiprocessors());
      int bestWaves = Math.ceilDiv(blocks * best, device.multiprocessors());
      if (waves <= MOST_PREFILL_WAVES && waves * best * 10 < bestWaves * parts * 9) {
        best = parts;
      }
    }
    return best;
  }
}
