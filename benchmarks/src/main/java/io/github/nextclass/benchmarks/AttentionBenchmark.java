package io.github.nextclass.benchmarks;

import io.github.nextclass.engine.KvCacheFormat;
import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.Buffer;
import io.github.nextclass.engine.backend.KvCache;
import io.github.nextclass.engine.backend.Step;
import io.github.nextclass.safetensors.DType;
import java.io.IOException;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Attention of one layer of the 0.6B model over a KV cache of 28 layers, which take turns: even 256
 * positions are then 57 MB, more than the last-level cache, in floats.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(
    value = 5, // the JIT is bimodal
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector", "-XX:+UseSerialGC"})
public class AttentionBenchmark {
  private static final int TABLE_ROWS = 1024;
  private static final int FILL = 256;

  /** Positions in the cache, those of the queries included. */
  @Param({"256", "1024", "4096"})
  public int positions;

  /** Queries: one token is decode, 256 are the end of a prompt. */
  @Param({"1", "256"})
  public int tokens;

  /** The threads of the backend. */
  @Param({"1", "2"})
  public int threads;

  /** How the loops run: {@code vector}, or {@code scalar} for the fallback. */
  @Param("vector")
  public String primitives = "";

  /** How keys and values are held. */
  @Param({"F32", "BF16", "Q8"})
  public KvCacheFormat kvCache = KvCacheFormat.F32;

  private int next;

  @SuppressWarnings("NullAway.Init") // by setUp
  private RandomTensors tensors;

  @SuppressWarnings("NullAway.Init") // by setUp
  private Backend ops;

  @SuppressWarnings("NullAway.Init") // by setUp
  private KvCache cache;

  @SuppressWarnings("NullAway.Init") // by setUp
  private Step step;

  @SuppressWarnings("NullAway.Init") // by setUp
  private Buffer q;

  @SuppressWarnings("NullAway.Init") // by setUp
  private Buffer out;

  /**
   * Fills the cache and checks the kernel.
   *
   * @throws IOException if there is no room
   */
  @Setup
  @SuppressWarnings("MustBeClosedChecker") // tearDown closes it
  public void setUp() throws IOException {
    tensors =
        new RandomTensors()
            .add("q", DType.F32, tokens, Shape.QUERY_WIDTH)
            .add("kv", DType.F32, TABLE_ROWS, Shape.KV_WIDTH)
            .open();
    ops = Shape.backend(primitives, threads, kvCache);
    cache = filledCache(ops, Shape.LAYERS);
    q = queries(ops);
    out = ops.buffer(tokens, Shape.QUERY_WIDTH);
    step = Inputs.step(cache, positions - tokens, tokens);
    ops.attention(0, q, step, out);
    check();
  }

  private Buffer queries(Backend backend) {
    return Inputs.rows(
        backend, tensors.tensor("q"), new Random(1).ints(tokens, 0, tokens).toArray());
  }

  /** The same keys and values in every layer. */
  private KvCache filledCache(Backend backend, int layers) {
    KvCache filled = backend.kvCache(positions);
    Random random = new Random(2);
    for (int position = 0; position < positions; position += FILL) {
      Buffer k =
          Inputs.rows(backend, tensors.tensor("kv"), random.ints(FILL, 0, TABLE_ROWS).toArray());
      Buffer v =
          Inputs.rows(backend, tensors.tensor("kv"), random.ints(FILL, 0, TABLE_ROWS).toArray());
      for (int layer = 0; layer < layers; layer++) {
        backend.appendToCache(layer, k, v, Inputs.step(filled, position, FILL));
      }
    }
    return filled;
  }

  private void check() {
    try (Backend oracle = Shape.oracle(kvCache);
        KvCache filled = filledCache(oracle, 1)) {
      Buffer expected = oracle.buffer(tokens, Shape.QUERY_WIDTH);
      Step same = Inputs.step(filled, positions - tokens, tokens);
      oracle.attention(0, queries(oracle), same, expected);
      Inputs.requireEqual("attention", ops, out, oracle, expected, tokens);
    }
  }

  /** Checks what was measured last, and frees the cache. */
  @TearDown
  public void tearDown() {
    check();
    cache.close();
    ops.close();
    tensors.close();
  }

  /**
   * One layer.
   *
   * @param bandwidth the rate at which keys and values are read, each once
   * @param arithmetic the rate of multiply-adds
   * @return the result
   */
  @Benchmark
  public Buffer attention(Rates.Bandwidth bandwidth, Rates.Arithmetic arithmetic) {
    ops.attention(next, q, step, out);
    next = (next + 1) % Shape.LAYERS;
    bandwidth.add(positions * ops.kvBytesPerPosition() / Shape.LAYERS);
    long visible = (long) tokens * (positions - tokens) + (long) tokens * (tokens + 1) / 2;
    arithmetic.add(2 * visible * Shape.QUERY_WIDTH); // scores, and the sum of values
    return out;
  }
}
