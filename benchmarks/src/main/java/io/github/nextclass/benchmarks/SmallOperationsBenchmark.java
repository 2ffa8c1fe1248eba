package io.github.nextclass.benchmarks;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.Buffer;
import io.github.nextclass.engine.backend.KvCache;
import io.github.nextclass.engine.backend.Rope;
import io.github.nextclass.engine.backend.Step;
import io.github.nextclass.safetensors.DType;
import java.io.IOException;
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
 * What stands between the linear layers: small in decode if it is done well, and never free. One
 * call each, at the widths of the 0.6B model.
 *
 * <p>Operations in place would bring their input to infinity or to denormal numbers when they are
 * repeated, so the second operand of {@code add} and {@code siluMul} is 0 while they are measured:
 * additions and multiplications of zeros take as long.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(
    value = 5, // the JIT is bimodal
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector", "-XX:+UseSerialGC"})
public class SmallOperationsBenchmark {
  private static final int TABLE_ROWS = 512;

  /** The operation. */
  @Param({"rmsNorm", "qNorm", "rope", "siluMul", "add", "appendToCache"})
  public String operation = "";

  /** Rows. */
  @Param({"1", "256"})
  public int tokens;

  /** The threads of the backend. */
  @Param({"1", "2"})
  public int threads;

  /** How the loops run: {@code vector}, or {@code scalar} for the fallback. */
  @Param("vector")
  public String primitives = "";

  @SuppressWarnings("NullAway.Init") // by setUp
  private RandomTensors tensors;

  @SuppressWarnings("NullAway.Init") // by setUp
  private Backend ops;

  @SuppressWarnings("NullAway.Init") // by setUp
  private KvCache cache;

  private Runnable call = () -> {};

  /** An operation that is ready to run, and where its result will be. */
  private record Prepared(Runnable call, Buffer result) {}

  /**
   * Makes the inputs and checks the kernel.
   *
   * @throws IOException if there is no room
   */
  @Setup
  @SuppressWarnings("MustBeClosedChecker") // tearDown closes it
  public void setUp() throws IOException {
    tensors =
        new RandomTensors()
            .add("hidden", DType.F32, TABLE_ROWS, Shape.HIDDEN_SIZE)
            .add("query", DType.F32, TABLE_ROWS, Shape.QUERY_WIDTH)
            .add("intermediate", DType.F32, TABLE_ROWS, Shape.INTERMEDIATE_SIZE)
            .add("inputLayernorm", DType.BF16, Shape.HIDDEN_SIZE)
            .add("qNorm", DType.BF16, Shape.HEAD_DIM)
            .open();
    ops = Shape.backend(primitives, threads);
    cache = ops.kvCache(tokens);
    check();
    call = prepare(ops, cache, true).call();
  }

  private void check() {
    Prepared found = prepare(ops, cache, false);
    found.call().run();
    try (Backend oracle = Shape.oracle();
        KvCache other = oracle.kvCache(tokens)) {
      Prepared expected = prepare(oracle, other, false);
      expected.call().run();
      Inputs.requireEqual(operation, ops, found.result(), oracle, expected.result(), tokens);
    }
  }

  private Prepared prepare(Backend backend, KvCache kv, boolean zeros) {
    int width =
        switch (operation) {
          case "qNorm", "rope" -> Shape.QUERY_WIDTH;
          case "siluMul" -> Shape.INTERMEDIATE_SIZE;
          default -> Shape.HIDDEN_SIZE;
        };
    Buffer x = rows(backend, width, 0);
    Buffer y = zeros ? backend.buffer(tokens, width) : rows(backend, width, tokens);
    return switch (operation) {
      case "rmsNorm" -> normed(backend, "inputLayernorm", x, y);
      case "qNorm" -> normed(backend, "qNorm", x, y);
      case "rope" -> {
        Rope rope = Shape.ROPE.rope(Shape.HEAD_DIM);
        Step step = Inputs.step(tokens);
        yield new Prepared(() -> backend.rope(x, rope, step), x);
      }
      case "siluMul" -> new Prepared(() -> backend.siluMul(x, y, tokens), x);
      case "add" -> new Prepared(() -> backend.add(x, y, tokens), x);
      case "appendToCache" -> appended(backend, kv, x, y);
      default -> throw new IllegalArgumentException(operation);
    };
  }

  private Buffer rows(Backend backend, int width, int firstRow) {
    String table =
        width == Shape.HIDDEN_SIZE
            ? "hidden"
            : width == Shape.QUERY_WIDTH ? "query" : "intermediate";
    return Inputs.rows(
        backend, tensors.tensor(table), IntStream.range(firstRow, firstRow + tokens).toArray());
  }

  private Prepared normed(Backend backend, String weight, Buffer x, Buffer out) {
    var scale = backend.weight(tensors.tensor(weight));
    return new Prepared(() -> backend.rmsNorm(x, scale, Shape.EPS, tokens, out), out);
  }

  /** What was appended is seen through attention. */
  private Prepared appended(Backend backend, KvCache kv, Buffer k, Buffer v) {
    Step step = Inputs.step(kv, 0, tokens);
    Buffer q = rows(backend, Shape.QUERY_WIDTH, 0);
    Buffer out = backend.buffer(tokens, Shape.QUERY_WIDTH);
    backend.appendToCache(0, k, v, step);
    backend.attention(0, q, step, out);
    return new Prepared(() -> backend.appendToCache(0, k, v, step), out);
  }

  /** Checks again, with the code as the JIT has left it, and frees what was made. */
  @TearDown
  public void tearDown() {
    check();
    cache.close();
    ops.close();
    tensors.close();
  }

  /** One call. */
  @Benchmark
  public void operation() {
    call.run();
  }
}
