package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.KvCacheFormat;
import io.github.nextclass.engine.PrimitivesChoice;
import io.github.nextclass.engine.Qwen3Config;
import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.Buffer;
import io.github.nextclass.engine.backend.KvCache;
import io.github.nextclass.engine.backend.Linear;
import io.github.nextclass.engine.backend.QuantizedMatrix;
import io.github.nextclass.engine.backend.Rope;
import io.github.nextclass.engine.backend.Step;
import io.github.nextclass.engine.backend.Weight;
import io.github.nextclass.engine.quant.BlockMatrix;
import io.github.nextclass.engine.quant.Fp8Matrix;
import io.github.nextclass.engine.quant.GroupedMatrix;
import io.github.nextclass.engine.quant.StoredMatrix;
import io.github.nextclass.safetensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.SegmentAllocator;
import java.util.Arrays;
import java.util.List;

/**
 * The operations on a CPU: each is split over the threads, and every piece of a result is made
 * whole by one thread, so that the number of threads does not show in it.
 */
public final class CpuBackend implements Backend {
  /** Rows of a weight that a thread takes at a time. */
  private static final int ROWS_A_PIECE = 32;

  private static final int PIECES_A_THREAD = 4;

  /** Floats below which an element-wise operation is not worth a second thread. */
  private static final int FLOATS_A_PIECE = 16 * 1024;

  /** Keys and values that a thread takes at a time on their way into the cache. */
  private static final int HEADS_A_PIECE = 4;

  private final Primitives primitives;
  private final Workers workers;
  private final Scratch[] scratch;
  private final CpuKvCache.Shape kvShape;
  private final Attention attention;
  private final KvBlocks kvBlocks;
  private final Arena copies = Arena.ofShared();
  private final SegmentAllocator copyMemory = LargePages.slabs(copies);
  private final Angles angles = new Angles();
  private final BlockLinears blockLinears;
  private float[] packed = new float[0];

  /**
   * Makes a backend with threads of its own, and keys and values in floats.
   *
   * @param config the shape of the model
   * @param choice whether inner loops use the Vector API
   * @param threads the number of threads, the caller's included; at least 1
   * @throws IllegalStateException if the Vector API is demanded and cannot be used; the message
   *     says why
   */
  public CpuBackend(Qwen3Config config, PrimitivesChoice choice, int threads) {
    this(config, choice, threads, KvCacheFormat.F32);
  }

  /**
   * Makes a backend with threads of its own.
   *
   * @param config the shape of the model
   * @param choice whether inner loops use the Vector API
   * @param threads the number of threads, the caller's included; at least 1
   * @param kvCache how keys and values are held
   * @throws IllegalStateException if the Vector API is demanded and cannot be used; the message
   *     says why
   */
  public CpuBackend(
      Qwen3Config config, PrimitivesChoice choice, int threads, KvCacheFormat kvCache) {
    this.primitives = PrimitivesSelector.select(choice, config);
    this.workers = new Workers(threads);
    this.scratch = new Scratch[threads];
    Arrays.setAll(scratch, i -> new Scratch());
    this.kvShape =
        new CpuKvCache.Shape(
            config.numHiddenLayers(), config.numKeyValueHeads(), config.headDim(), kvCache);
    this.attention = new Attention(primitives, kvShape, config.numAttentionHeads());
    this.blockLinears = new BlockLinears(primitives.blockKernels(), workers);
    this.kvBlocks = new KvBlocks(kvShape.blockBytes());
  }

  @Override
  public String description() {
    return "CPU (" + primitives.description() + ", " + workers.count() + " threads)";
  }

  @Override
  public Weight weight(Tensor tensor) {
    long[] shape = tensor.shape();
    if (shape.length == 1) {
      return new CpuVector(tensor.toFloatArray());
    }
    return new CpuWeight(
        tensor.segment(), tensor.dtype(), Math.toIntExact(shape[0]), Math.toIntExact(shape[1]));
  }

  /** FP8, q8 and q4 are used where they lie; GPTQ and AWQ are copied row by row. */
  @Override
  public Weight weight(QuantizedMatrix matrix) {
    return switch ((StoredMatrix) matrix) {
      case Fp8Matrix fp8 -> new Fp8Weight(fp8);
      case GroupedMatrix grouped -> new GroupedWeight(grouped, copyMemory, workers);
      case BlockMatrix blocks -> new BlockWeight(blocks);
    };
  }

  @Override
  public long copiedBytes(QuantizedMatrix matrix) {
    return matrix instanceof GroupedMatrix grouped ? GroupedWeight.bytes(grouped) : 0;
  }

  @Override
  public Buffer buffer(int rows, int columns) {
    return new CpuBuffer(rows, columns);
  }

  @Override
  public KvCache kvCache(int capacity) {
    return new CpuKvCache(kvShape, kvBlocks, capacity);
  }

  @Override
  public long kvBytesPerPosition() {
    return kvShape.bytesPerPosition();
  }

  @Override
  public void embed(Weight embedTokens, Step step, Buffer x) {
    for (int t = 0; t < step.tokens(); t++) {
      embed(embedTokens, step.tokenIds()[t], t, x);
    }
  }

  private void embed(Weight embedTokens, int tokenId, int t, Buffer x) {
    int at = t * x.columns();
    if (embedTokens instanceof BlockWeight blocks) {
      blocks.matrix().dequantizeRow(tokenId, values(x), at);
    } else {
      primitives.widen((CpuWeight) embedTokens, tokenId, values(x), at);
    }
  }

  @Override
  public void embedChosen(Weight embedTokens, Buffer chosen, Step step, Buffer x) {
    int n = chosen.columns() / 3;
    for (int t = 0; t < step.tokens(); t++) {
      float tokenId = values(chosen)[t * chosen.columns() + step.positions()[t] % n];
      embed(embedTokens, Math.max(0, (int) tokenId), t, x); // -1 is for who reads it
    }
  }

  @Override
  public void rmsNorm(Buffer x, Weight weight, float eps, int tokens, Buffer out) {
    float[] scale = vector(weight);
    int n = scale.length;
    float[] in = values(x);
    float[] normed = values(out);
    int vectors = tokens * (x.columns() / n);
    workers.forRange(
        vectors,
        Math.max(1, FLOATS_A_PIECE / n),
        (worker, from, to) -> {
          for (int i = from; i < to; i++) {
            float meanOfSquares = primitives.sumOfSquares(in, i * n, n) / n;
            primitives.scale(
                in, i * n, n, (float) (1 / Math.sqrt(meanOfSquares + eps)), scale, normed);
          }
        });
  }

  @Override
  public void linear(Linear linear, Buffer x, int tokens, Buffer out) {
    linears(List.of(linear), x, tokens, List.of(out));
  }

  /**
   * The inputs are packed once, and all layers are one parallel section: rows of q, then of k, then
   * of v.
   */
  @Override
  public void linears(List<Linear> linears, Buffer x, int tokens, List<Buffer> outs) {
    if (blockLinears.run(linears, x, tokens, outs)) {
      return;
    }
    float[] input = pack(values(x), tokens, x.columns());
    int rowsAPiece = rowsAPiece(linears, tokens);
    int[] firstPiece = new int[linears.size() + 1];
    for (int i = 0; i < linears.size(); i++) {
      firstPiece[i + 1] =
          firstPiece[i] + (linears.get(i).weight().rows() + rowsAPiece - 1) / rowsAPiece;
    }
    workers.forRange(
        firstPiece[linears.size()],
        1,
        (worker, fromPiece, toPiece) -> {
          for (int i = 0; i < linears.size(); i++) {
            int rows = linears.get(i).weight().rows();
            int from = Math.max(fromPiece - firstPiece[i], 0) * rowsAPiece;
            int to = Math.min((toPiece - firstPiece[i]) * rowsAPiece, rows);
            if (from < to) {
              linear(linears.get(i), from, to, input, tokens, values(outs.get(i)), scratch[worker]);
            }
          }
        });
  }

  /**
   * Many tokens make a piece long enough, and small pieces end together. A few tokens stream
   * weights from memory, which likes long runs: then a thread takes some four pieces.
   */
  private int rowsAPiece(List<Linear> linears, int tokens) {
    int rows = ROWS_A_PIECE;
    if (tokens <= Primitives.FEW_TOKENS) {
      int all = linears.stream().mapToInt(linear -> linear.weight().rows()).sum();
      rows = Math.max(rows, all / (PIECES_A_THREAD * workers.count()));
    }
    int together = primitives.rowsTogether();
    return (rows + together - 1) / together * together;
  }

  private void linear(
      Linear linear, int from, int to, float[] input, int tokens, float[] out, Scratch scratch) {
    CpuMatrix weight = (CpuMatrix) linear.weight();
    primitives.linear(weight, from, to, input, tokens, out, scratch);
    if (linear.bias() != null) {
      float[] bias = vector(linear.bias());
      for (int t = 0; t < tokens; t++) {
        for (int r = from; r < to; r++) {
          out[t * weight.rows() + r] += bias[r];
        }
      }
    }
  }

  private float[] pack(float[] x, int tokens, int columns) {
    int length = primitives.packedLength(tokens, columns);
    if (packed.length < length) {
      packed = new float[length];
    }
    float[] target = packed;
    workers.forRange(
        primitives.packedPieces(tokens),
        1,
        (worker, from, to) -> primitives.pack(x, tokens, columns, from, to, target));
    return target;
  }

  @Override
  public void rope(Buffer x, Rope rope, Step step) {
    float[] values = values(x);
    int half = rope.inverseFrequencies().length;
    angles.prepare(rope, step);
    workers.forRange(
        step.tokens(),
        Math.max(1, FLOATS_A_PIECE / x.columns()),
        (worker, from, to) -> {
          for (int t = from; t < to; t++) {
            for (int head = 0; head < x.columns(); head += 2 * half) {
              int offset = t * x.columns() + head;
              primitives.rotate(values, offset, half, angles.cos(t), angles.sin(t));
            }
          }
        });
  }

  /**
   * A number of a key goes to a cache line of its own, so even the heads of one token are worth two
   * threads.
   */
  @Override
  public void appendToCache(int layer, Buffer k, Buffer v, Step step) {
    int heads = kvShape.numKeyValueHeads();
    for (Step.Segment segment : step.segments()) {
      if (layer == 0) {
        ((CpuKvCache) segment.cache()).prepare(segment.firstPosition(), segment.rowCount());
      }
    }
    workers.forRange(
        step.segments().stream().mapToInt(Step.Segment::rowCount).sum() * heads,
        HEADS_A_PIECE,
        (worker, from, to) -> {
          int first = 0;
          for (Step.Segment segment : step.segments()) {
            int end = first + segment.rowCount() * heads;
            for (int i = Math.max(from, first); i < Math.min(to, end); i++) {
              int row = (i - first) / heads;
              int head = (i - first) % heads;
              int at = ((segment.firstRow() + row) * heads + head) * kvShape.headDim();
              ((CpuKvCache) segment.cache())
                  .write(layer, head, segment.firstPosition() + row, values(k), values(v), at);
            }
            first = end;
          }
        });
  }

  /**
   * The pieces are pairs of some kv heads and a few tokens; a head after the other, because its
   * keys stay in cache. One token reads each key once, from memory, which likes long runs, and the
   * heads of a block lie side by side: then a thread takes all its heads at once.
   */
  @Override
  public void attention(int layer, Buffer q, Step step, Buffer out) {
    int kvHeads = kvShape.numKeyValueHeads();
    for (Step.Segment segment : step.segments()) {
      int rows = segment.rowCount();
      int parts = (rows + Attention.TOKENS - 1) / Attention.TOKENS;
      int headsAPiece = rows > 1 ? 1 : (kvHeads + workers.count() - 1) / workers.count();
      int headPieces = (kvHeads + headsAPiece - 1) / headsAPiece;
      workers.forRange(
          parts * headPieces,
          1,
          (worker, from, to) -> {
            for (int i = from; i < to; i++) {
              int head = i / parts * headsAPiece;
              int endHead = Math.min(head + headsAPiece, kvHeads);
              int row = i % parts * Attention.TOKENS;
              int end = Math.min(row + Attention.TOKENS, rows);
              attention.run(
                  layer, segment, head, endHead, row, end, values(q), values(out), scratch[worker]);
            }
          });
    }
  }

  @Override
  public void siluMul(Buffer gate, Buffer up, int tokens) {
    workers.forRange(
        tokens * gate.columns(),
        FLOATS_A_PIECE,
        (worker, from, to) -> primitives.siluMul(values(gate), values(up), from, to));
  }

  @Override
  public void add(Buffer x, Buffer branch, int tokens) {
    workers.forRange(
        tokens * x.columns(),
        FLOATS_A_PIECE,
        (worker, from, to) -> primitives.add(values(x), values(branch), from, to));
  }

  @Override
  public void gather(Buffer x, int[] rows, Buffer out) {
    int columns = x.columns();
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(values(x), rows[i] * columns, values(out), i * columns, columns);
    }
  }

  @Override
  public void choose(Buffer scores, int classes, int[] rows, Step step, Buffer chosen) {
    float[] all = values(scores);
    int n = chosen.columns() / 3;
    for (int i = 0; i < rows.length; i++) {
      int from = i * scores.columns();
      int at = rows[i] * chosen.columns() + (step.positions()[rows[i]] + 1) % n;
      int best = best(all, from, classes);
      values(chosen)[at] = best;
      values(chosen)[at + n] = all[from + Math.max(best, 0)];
      values(chosen)[at + 2 * n] = primitives.expSum(all, from, classes, 1);
    }
  }

  private static int best(float[] scores, int from, int classes) {
    int best = 0;
    for (int i = 0; i < classes; i++) {
      if (scores[from + i] > scores[from + best]) {
        best = i;
      } else if (Float.isNaN(scores[from + i])) {
        return -1;
      }
    }
    return best;
  }

  @Override
  public float[] read(Buffer x, int row) {
    return Arrays.copyOfRange(values(x), row * x.columns(), (row + 1) * x.columns());
  }

  /** Ends the threads; frees the copies of weights, and KV memory that no cache holds. */
  @Override
  public void close() {
    workers.close();
    if (copies.scope().isAlive()) {
      copies.close();
    }
    kvBlocks.close();
  }

  private static float[] vector(Weight weight) {
    return ((CpuVector) weight).values();
  }

  private static float[] values(Buffer buffer) {
    return ((CpuBuffer) buffer).values();
  }
}
