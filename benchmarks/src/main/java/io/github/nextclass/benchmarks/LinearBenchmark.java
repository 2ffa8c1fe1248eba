package io.github.nextclass.benchmarks;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.Buffer;
import io.github.nextclass.engine.backend.Linear;
import io.github.nextclass.engine.backend.Weight;
import io.github.nextclass.engine.quant.BlockMatrix;
import io.github.nextclass.safetensors.DType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
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
 * The linear layers of the 0.6B model, as the transformer calls them: those that share an input
 * together. Copies of the weights take turns, at least 256 MiB of them: more than any last-level
 * cache, as in real decoding.
 *
 * <p>One token is decode, and its limit is the bandwidth; 8 are a batch; more are prefill, and the
 * limit is the rate of multiply-adds.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(
    value = 5, // the JIT is bimodal
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector", "-XX:+UseSerialGC"})
public class LinearBenchmark {
  private static final long WORKING_SET_BYTES = 256L << 20;

  /** Which layers, by the names of their outputs; {@code lmHead} too, which takes long to check. */
  @Param({"qkv", "o", "gateUp", "down"})
  public String layer = "";

  /**
   * How the weights are stored: {@code BF16}, {@code F16}, {@code F32}, {@code Q8} or {@code Q4}.
   */
  @Param({"BF16", "F16", "F32", "Q8", "Q4"})
  public String weights = "";

  /** Rows of the input. */
  @Param({"1", "8", "256"})
  public int tokens;

  /** The threads of the backend. */
  @Param({"1", "2"})
  public int threads;

  /** How the loops run: {@code vector}, or {@code scalar} for the fallback. */
  @Param("vector")
  public String primitives = "";

  private int columns;
  private int[] rows = {};
  private final List<BlockMatrix> quantized = new ArrayList<>();
  private final List<List<Linear>> copies = new ArrayList<>();
  private List<Buffer> outs = List.of();
  private int next;
  private int last;

  @SuppressWarnings("NullAway.Init") // by setUp
  private RandomTensors tensors;

  @SuppressWarnings("NullAway.Init") // by setUp
  private Backend ops;

  @SuppressWarnings("NullAway.Init") // by setUp
  private Buffer x;

  /**
   * Makes the weights and checks the kernel.
   *
   * @throws IOException if there is no room for them
   */
  @Setup
  public void setUp() throws IOException {
    columns =
        switch (layer) {
          case "o" -> Shape.QUERY_WIDTH;
          case "down" -> Shape.INTERMEDIATE_SIZE;
          default -> Shape.HIDDEN_SIZE;
        };
    rows =
        switch (layer) {
          case "qkv" -> new int[] {Shape.QUERY_WIDTH, Shape.KV_WIDTH, Shape.KV_WIDTH};
          case "gateUp" -> new int[] {Shape.INTERMEDIATE_SIZE, Shape.INTERMEDIATE_SIZE};
          case "o", "down" -> new int[] {Shape.HIDDEN_SIZE};
          case "lmHead" -> new int[] {Shape.VOCAB_SIZE};
          default -> throw new IllegalArgumentException(layer);
        };
    ops = Shape.backend(primitives, threads);
    tensors = new RandomTensors().add("x", DType.F32, tokens, columns);
    int copyCount = (int) Math.ceilDiv(WORKING_SET_BYTES, bytes());
    for (int copy = 0; copy < copyCount; copy++) {
      for (int i = 0; i < rows.length; i++) {
        if (weights.startsWith("Q")) {
          quantized.add(tensors.quantized(bits(), rows[i], columns));
        } else {
          tensors.add(name(copy, i), DType.valueOf(weights), rows[i], columns);
        }
      }
    }
    tensors.open();
    for (int copy = 0; copy < copyCount; copy++) {
      copies.add(linears(ops, copy));
    }
    x = Inputs.rows(ops, tensors.tensor("x"), IntStream.range(0, tokens).toArray());
    outs = outs(ops);
    ops.linears(copies.getFirst(), x, tokens, outs);
    check();
  }

  private static String name(int copy, int i) {
    return copy + "." + i;
  }

  private List<Linear> linears(Backend backend, int copy) {
    return IntStream.range(0, rows.length)
        .mapToObj(i -> new Linear(weight(backend, copy, i), null))
        .toList();
  }

  private Weight weight(Backend backend, int copy, int i) {
    return quantized.isEmpty()
        ? backend.weight(tensors.tensor(name(copy, i)))
        : backend.weight(quantized.get(copy * rows.length + i));
  }

  private List<Buffer> outs(Backend backend) {
    return IntStream.of(rows).mapToObj(width -> backend.buffer(tokens, width)).toList();
  }

  private int bits() {
    return Integer.parseInt(weights.substring(1));
  }

  private long count() {
    return (long) IntStream.of(rows).sum() * columns;
  }

  private long bytes() {
    return weights.startsWith("Q")
        ? IntStream.of(rows).mapToLong(n -> BlockMatrix.bytes(bits(), n, columns)).sum()
        : count() * DType.valueOf(weights).bits() / Byte.SIZE;
  }

  private void check() {
    try (Backend oracle = Shape.oracle()) {
      List<Buffer> expected = outs(oracle);
      Buffer input = Inputs.rows(oracle, tensors.tensor("x"), IntStream.range(0, tokens).toArray());
      oracle.linears(linears(oracle, last), input, tokens, expected);
      for (int i = 0; i < rows.length; i++) {
        Inputs.requireEqual(layer, ops, outs.get(i), oracle, expected.get(i), tokens);
      }
    }
  }

  /** Checks what was measured last, and frees the weights. */
  @TearDown
  public void tearDown() {
    check();
    ops.close();
    tensors.close();
  }

  /**
   * The layers that share an input.
   *
   * @param bandwidth the rate at which weights are read
   * @param arithmetic the rate of multiply-adds
   * @return the results
   */
  @Benchmark
  public List<Buffer> linear(Rates.Bandwidth bandwidth, Rates.Arithmetic arithmetic) {
    last = next;
    next = (next + 1) % copies.size();
    ops.linears(copies.get(last), x, tokens, outs);
    bandwidth.add(bytes());
    arithmetic.add(tokens * count());
    return outs;
  }
}
