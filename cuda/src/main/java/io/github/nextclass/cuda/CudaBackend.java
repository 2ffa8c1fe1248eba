package io.github.nextclass.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.github.nextclass.engine.MemoryBudgetException;
import io.github.nextclass.engine.Qwen3Config;
import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.Buffer;
import io.github.nextclass.engine.backend.KvCache;
import io.github.nextclass.engine.backend.LevelMatrix;
import io.github.nextclass.engine.backend.Linear;
import io.github.nextclass.engine.backend.QuantizedMatrix;
import io.github.nextclass.engine.backend.Rope;
import io.github.nextclass.engine.backend.Step;
import io.github.nextclass.engine.backend.Weight;
import io.github.nextclass.safetensors.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The operations on an NVIDIA GPU. Nothing runs when an operation is asked for: the operations of a
 * pass are collected until its result is read, so that {@link Planner} sees neighbours and {@link
 * PlanRunner} whole passes. Weights, activations, keys and values stay on the device; token ids go
 * there, and the scores that are read come back.
 *
 * <p>Any thread may call, one at a time: each call makes the device its thread's and gives it back.
 */
final class CudaBackend implements Backend {
  /** Of the memory that is left when the weights are there, for activations and the driver. */
  private static final double RESERVED = 0.1;

  private static final int HOPPER = 90;

  /** The first CUDA that keeps overlapping launches in graphs. */
  private static final int OVERLAP_SINCE = 12030;

  private static final int COLUMN_MULTIPLE = 8;

  /**
   * What makes passes faster; anything but {@link #ALL} is for tests and measurements.
   *
   * @param fuses whether several operations may become one kernel
   * @param overlaps whether a kernel may start while the one before ends, where device and driver
   *     can
   * @param rounds whether tensor cores get activations in 8 bits of mantissa instead of 16: half
   *     the work, other numbers
   */
  record Tuning(boolean fuses, boolean overlaps, boolean rounds) {
    static final Tuning ALL = new Tuning(true, true, false);

    Tuning withFuses(boolean value) {
      return new Tuning(value, overlaps, rounds);
    }

    Tuning withOverlaps(boolean value) {
      return new Tuning(fuses, value, rounds);
    }

    Tuning withRounds(boolean value) {
      return new Tuning(fuses, overlaps, value);
    }
  }

  private final CudaApi api;
  private final CudaApi.Device device;
  private final Qwen3Config config;
  private final List<CudaApi.DeviceMemory> memory = new ArrayList<>();
  private final WeightUpload upload;
  private final KvPages pages;
  private final PassTables tables;
  private final SplitRows splitRows;
  private final SplitHeads splitHeads;
  private final SplitRows gatedRows;
  private final Planner planner;
  private final PlanRunner runner;
  private CudaApi.PinnedMemory results;

  // The pass that is being collected.
  private final List<Op> ops = new ArrayList<>();
  private @Nullable Step step;
  private @Nullable Rope rope;
  private boolean needsStep;
  private int[] gathered = {};

  /** Passes on the stream that nobody has waited for. */
  private int running;

  private boolean closed;

  /**
   * Takes a device into use.
   *
   * @param api a driver that has the device open; closed with the backend, or if this fails
   * @param bitsAWeight about how many bits a weight will take
   */
  CudaBackend(
      CudaApi api, CudaApi.Device device, Qwen3Config config, int bitsAWeight, Tuning tuning) {
    this.api = api;
    this.device = device;
    this.config = config;
    checkShape(config);
    api.enter();
    try {
      checkMemory(bitsAWeight);
      boolean isHopper = device.computeCapability() >= HOPPER;
      api.load(ptx(isHopper ? "kernels_90.ptx" : "kernels_80.ptx"));
      if (HopperGemm.isFor(device)) {
        api.load(ptx("hopper_90a.ptx"));
      }
      this.upload = new WeightUpload(api);
      this.results = api.allocatePinned((long) config.vocabSize() * Float.BYTES);
      this.pages = new KvPages(api, KvPages.POSITIONS * kvBytesPerPosition());
      this.runner =
          new PlanRunner(
              api,
              Planner.dynamicSharedBytes(device),
              tuning.overlaps() && isHopper && api.driverVersion() >= OVERLAP_SINCE);
      this.tables = new PassTables(api, config.headDim(), runner::forget);
      this.splitRows = new SplitRows(api, runner::forget);
      this.splitHeads =
          new SplitHeads(
              api, this::allocate, config.queryWidth(), config.keyValueWidth(), runner::forget);
      this.gatedRows = new SplitRows(api, runner::forget);
      int heads = config.numAttentionHeads();
      CudaApi.DeviceMemory ended = take(AttentionShape.endedBytes(device, heads));
      api.clear(ended);
      this.planner =
          new Planner(
              device,
              new AttentionShape(
                  heads,
                  config.numKeyValueHeads(),
                  config.headDim(),
                  take(AttentionShape.partsBytes(device, heads, config.headDim())).address(),
                  ended.address()),
              tables,
              splitRows,
              splitHeads,
              gatedRows,
              HopperGemm.isFor(device) ? new HopperGemm(api, device) : null,
              HopperAttention.isFor(device, config.headDim())
                  ? new HopperAttention(api, splitHeads, tuning.rounds())
                  : null,
              tuning);
    } finally {
      api.leave();
    }
  }

  /** Every published Qwen3 has heads of 128. */
  private static void checkShape(Qwen3Config config) {
    if (config.headDim() != 64 && config.headDim() != 128) {
      throw new IllegalStateException(
          "head_dim " + config.headDim() + " is not supported on CUDA, expected 64 or 128");
    }
    if (IntStream.of(config.hiddenSize(), config.intermediateSize(), config.queryWidth())
        .anyMatch(n -> n % COLUMN_MULTIPLE != 0)) {
      throw new IllegalStateException(
          "hidden_size and intermediate_size are not multiples of "
              + COLUMN_MULTIPLE
              + ", which CUDA expects");
    }
  }

  /** Before the first is copied. */
  private void checkMemory(int bitsAWeight) {
    long perLayer =
        (long) config.hiddenSize() * (2L * config.queryWidth() + 2L * config.keyValueWidth())
            + 3L * config.hiddenSize() * config.intermediateSize();
    long tables = (config.tieWordEmbeddings() ? 1L : 2L) * config.vocabSize() * config.hiddenSize();
    long needBytes = (perLayer * config.numHiddenLayers() + tables) / Byte.SIZE * bitsAWeight;
    long freeBytes = api.freeBytes();
    if (needBytes > freeBytes) {
      throw new MemoryBudgetException(
          "need "
              + gib(needBytes)
              + " for the weights on "
              + device.name()
              + ", "
              + gib(freeBytes)
              + " are free");
    }
  }

  private static String gib(long bytes) {
    return String.format(Locale.ROOT, "%.2f GiB", bytes / 0x1p30);
  }

  private static String ptx(String name) {
    try (InputStream in = CudaBackend.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the artifact lacks " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private CudaApi.DeviceMemory take(long bytes) {
    CudaApi.DeviceMemory taken = allocate(bytes);
    memory.add(taken);
    return taken;
  }

  private CudaApi.DeviceMemory allocate(long bytes) {
    try {
      return api.allocate(bytes);
    } catch (CudaException e) {
      if (e.code() != CudaException.OUT_OF_MEMORY) {
        throw e;
      }
      throw new MemoryBudgetException(
          "need "
              + gib(bytes)
              + " more on "
              + device.name()
              + ", "
              + gib(api.freeBytes())
              + " are free");
    }
  }

  @Override
  public String description() {
    return "CUDA (" + device.name() + ", " + device.multiprocessors() + " multiprocessors)";
  }

  @Override
  public Weight weight(Tensor tensor) {
    api.enter();
    try {
      CudaApi.DeviceMemory to = take(WeightUpload.deviceBytes(tensor));
      upload.upload(tensor, to);
      long[] shape = tensor.shape();
      boolean isMatrix = shape.length == 2;
      return new CudaWeight(
          isMatrix ? Math.toIntExact(shape[0]) : 1,
          Math.toIntExact(shape[shape.length - 1]),
          WeightUpload.isKept(tensor) ? CudaWeight.Format.BF16 : CudaWeight.Format.F32,
          to.address());
    } finally {
      api.leave();
    }
  }

  @Override
  public Weight weight(QuantizedMatrix matrix) {
    if (!(matrix instanceof LevelMatrix levels) || levels.bits() != Byte.SIZE) {
      return Backend.super.weight(matrix);
    }
    api.enter();
    try {
      CudaApi.DeviceMemory to = take(WeightUpload.deviceBytes(levels));
      upload.upload(levels, to);
      return new CudaWeight(levels.rows(), levels.columns(), CudaWeight.Format.Q8, to.address());
    } finally {
      api.leave();
    }
  }

  @Override
  public Buffer buffer(int rows, int columns) {
    api.enter();
    try {
      return new CudaBuffer(rows, columns, take((long) rows * columns * Float.BYTES));
    } finally {
      api.leave();
    }
  }

  @Override
  public KvCache kvCache(int capacity) {
    return new CudaKvCache(pages, capacity);
  }

  @Override
  public long kvBytesPerPosition() {
    return 2L * config.numHiddenLayers() * config.keyValueWidth() * Float.BYTES;
  }

  @Override
  public OptionalLong deviceFreeBytes() {
    api.enter();
    try {
      return OptionalLong.of((long) (api.freeBytes() * (1 - RESERVED)));
    } finally {
      api.leave();
    }
  }

  @Override
  public void embed(Weight embedTokens, Step step, Buffer x) {
    ops.clear(); // what a pass that failed has left
    begin(step);
    ops.add(new Op.Embed((CudaWeight) embedTokens, step.tokens(), (CudaBuffer) x));
  }

  @Override
  public void embedChosen(Weight embedTokens, Buffer chosen, Step step, Buffer x) {
    ops.clear();
    begin(step);
    ops.add(
        new Op.EmbedChosen(
            (CudaWeight) embedTokens, (CudaBuffer) chosen, step.tokens(), (CudaBuffer) x));
  }

  @SuppressWarnings("ReferenceEquality") // a pass has one
  private void begin(Step step) {
    if (this.step != step) {
      this.step = step;
      this.rope = null;
    }
    needsStep = true;
  }

  @Override
  public void rmsNorm(Buffer x, Weight weight, float eps, int tokens, Buffer out) {
    ops.add(new Op.RmsNorm((CudaBuffer) x, (CudaWeight) weight, eps, tokens, (CudaBuffer) out));
  }

  @Override
  public void linear(Linear linear, Buffer x, int tokens, Buffer out) {
    linears(List.of(linear), x, tokens, List.of(out));
  }

  @Override
  public void linears(List<Linear> linears, Buffer x, int tokens, List<Buffer> outs) {
    ops.add(
        new Op.Linears(
            linears.stream()
                .map(l -> new Op.Layer((CudaWeight) l.weight(), (CudaWeight) l.bias()))
                .toList(),
            (CudaBuffer) x,
            tokens,
            outs.stream().map(CudaBuffer.class::cast).toList()));
  }

  @Override
  public void rope(Buffer x, Rope rope, Step step) {
    begin(step);
    this.rope = rope;
    ops.add(new Op.Rotate((CudaBuffer) x, rope.inverseFrequencies().length, step.tokens()));
  }

  @Override
  public void appendToCache(int layer, Buffer k, Buffer v, Step step) {
    begin(step);
    if (layer == 0) {
      for (Step.Segment segment : step.segments()) {
        ((CudaKvCache) segment.cache()).prepare(segment.firstPosition(), segment.rowCount());
      }
    }
    ops.add(new Op.Append(layer, (CudaBuffer) k, (CudaBuffer) v, step.tokens()));
  }

  @Override
  public void attention(int layer, Buffer q, Step step, Buffer out) {
    begin(step);
    ops.add(
        new Op.Attention(
            layer,
            (CudaBuffer) q,
            step.tokens(),
            step.segments().size() == 1,
            step.segments().size() == step.tokens(),
            AttentionLaunches.longest(step),
            (CudaBuffer) out));
  }

  @Override
  public void siluMul(Buffer gate, Buffer up, int tokens) {
    ops.add(new Op.SiluMul((CudaBuffer) gate, (CudaBuffer) up, tokens));
  }

  @Override
  public void add(Buffer x, Buffer branch, int tokens) {
    ops.add(new Op.Add((CudaBuffer) x, (CudaBuffer) branch, tokens));
  }

  @Override
  public void gather(Buffer x, int[] rows, Buffer out) {
    if (ops.stream().anyMatch(Op.Gather.class::isInstance)) {
      run(); // the tables hold the rows of one
    }
    gathered = rows;
    ops.add(
        new Op.Gather(
            (CudaBuffer) x,
            rows.length,
            Arrays.equals(rows, IntStream.range(0, rows.length).toArray()),
            (CudaBuffer) out));
  }

  @Override
  public void choose(Buffer scores, int classes, int[] rows, Step step, Buffer chosen) {
    if (!Arrays.equals(rows, gathered)) {
      run(); // the tables hold the rows of one
    }
    begin(step);
    gathered = rows;
    ops.add(new Op.Choose((CudaBuffer) scores, classes, rows.length, (CudaBuffer) chosen));
  }

  @Override
  public float[] read(Buffer x, int row) {
    CudaBuffer buffer = (CudaBuffer) x;
    long rowBytes = (long) buffer.columns() * Float.BYTES;
    api.enter();
    try {
      runCollected();
      if (results.segment().byteSize() < rowBytes) {
        api.freePinned(results);
        results = api.allocatePinned(rowBytes);
      }
      api.copyToHost(buffer.memory(), row * rowBytes, results, rowBytes);
      synchronize();
      return results.segment().asSlice(0, rowBytes).toArray(JAVA_FLOAT);
    } finally {
      api.leave();
    }
  }

  @Override
  public boolean runsAhead() {
    return true;
  }

  @Override
  public int mostHeadRows() {
    return Planner.BATCH_TOKENS;
  }

  @Override
  public void finishPass() {
    run();
  }

  private void run() {
    api.enter();
    try {
      runCollected();
    } finally {
      api.leave();
    }
  }

  private void runCollected() {
    if (ops.isEmpty()) {
      return;
    }
    Step of = needsStep ? step : null;
    int tokens = Math.max(of == null ? 0 : of.tokens(), gathered.length);
    if (running == PassTables.SLOTS || tables.isLarge(tokens, of)) {
      synchronize(); // tables of a pass before may still be being copied
    }
    tables.reserve(tokens, of);
    splitRows.reserve(most(planner::splitNumbers));
    gatedRows.reserve(most(planner::gatedNumbers));
    if (of != null && ops.stream().anyMatch(CudaBackend::isPrefill)) {
      Step.Segment only = of.segments().get(0);
      splitHeads.reserve(
          only.rowCount(), only.firstPosition() + only.rowCount(), only.cache().capacity());
    }
    tables.upload(running, tokens, of, rope, gathered);
    running++;
    runner.run(ops, () -> planner.plan(ops, tokens));
    ops.clear();
    gathered = new int[0];
    needsStep = false;
  }

  private static boolean isPrefill(Op op) {
    return op instanceof Op.Attention attention && Planner.isPrefill(attention);
  }

  private long most(ToLongFunction<Op> numbers) {
    return ops.stream().mapToLong(numbers).max().orElse(0);
  }

  private void synchronize() {
    try {
      api.synchronize();
    } catch (CudaException e) {
      throw new CudaException(
          "one of the kernels "
              + runner.kernels()
              + " (started with CUDA_LAUNCH_BLOCKING=1 in the environment, the first pass tells which)",
          e);
    }
    running = 0;
  }

  /** Waits for what runs, and frees everything. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    ops.clear();
    api.enter();
    try {
      runner.forget();
      pages.close();
      tables.close();
      splitRows.close();
      splitHeads.close();
      gatedRows.close();
      upload.close();
      api.freePinned(results);
      memory.forEach(api::free);
      memory.clear();
    } finally {
      api.leave();
      api.close();
    }
  }
}
