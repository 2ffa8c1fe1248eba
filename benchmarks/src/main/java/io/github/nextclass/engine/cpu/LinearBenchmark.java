package io.github.nextclass.engine.cpu;

import io.github.nextclass.safetensors.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
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
 * A linear layer at the shapes of the 0.6B model, on one thread. The weights are several matrices,
 * 256 MiB together, that take turns: more than any last-level cache, as in real decoding. The
 * result is checked against the scalar loops first.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 3,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class LinearBenchmark {
  private static final long WORKING_SET_BYTES = 256L << 20;

  /** Rows by columns: q_proj, down_proj, gate_proj of the 0.6B model. */
  @Param({"2048x1024", "1024x3072", "3072x1024"})
  public String shape = "";

  /** One token is decode, more are prefill. */
  @Param({"1", "8", "256"})
  public int tokens;

  /** How the loops run. */
  @Param({"vector", "scalar"})
  public String primitives = "";

  private final Scratch scratch = new Scratch();
  private Arena arena = Arena.global();
  private CpuWeight[] weights = {};
  private Primitives loops = new ScalarPrimitives();
  private float[] packed = {};
  private float[] out = {};
  private int next;

  /** Rates beside the time. */
  @AuxCounters(AuxCounters.Type.EVENTS)
  @State(Scope.Thread)
  public static class Rates {
    private long bytes;
    private long multiplyAdds;
    private long started;

    /** Starts the clock of an iteration. */
    @Setup(org.openjdk.jmh.annotations.Level.Iteration)
    public void start() {
      bytes = 0;
      multiplyAdds = 0;
      started = System.nanoTime();
    }

    /**
     * Weights read.
     *
     * @return the rate in GB/s
     */
    public double gigabytesPerSecond() {
      return (double) bytes / (System.nanoTime() - started);
    }

    /**
     * A multiply-add is two operations.
     *
     * @return the rate in GFLOP/s
     */
    public double gigaflops() {
      return 2.0 * multiplyAdds / (System.nanoTime() - started);
    }
  }

  /** Makes the weights and checks the kernel. */
  @Setup
  @SuppressWarnings("MustBeClosedChecker") // tearDown closes it
  public void setUp() {
    int rows = Integer.parseInt(shape.substring(0, shape.indexOf('x')));
    int columns = Integer.parseInt(shape.substring(shape.indexOf('x') + 1));
    Random random = new Random(1);
    arena = Arena.ofShared();
    weights = new CpuWeight[(int) (WORKING_SET_BYTES / (2L * rows * columns))];
    for (int i = 0; i < weights.length; i++) {
      MemorySegment segment = arena.allocate(2L * rows * columns, 64);
      for (long k = 0; k < (long) rows * columns; k++) {
        segment.setAtIndex(
            ValueLayout.JAVA_SHORT,
            k,
            (short) (Float.floatToRawIntBits((float) random.nextGaussian()) >>> 16));
      }
      weights[i] = new CpuWeight(segment, DType.BF16, rows, columns);
    }
    float[] x = new float[tokens * columns];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    loops = primitives.equals("scalar") ? new ScalarPrimitives() : new VectorPrimitives();
    packed = new float[loops.packedLength(tokens, columns)];
    loops.pack(x, tokens, columns, 0, loops.packedPieces(tokens), packed);
    out = new float[tokens * rows];
    loops.linear(weights[0], 0, rows, packed, tokens, out, scratch);
    float[] expected = new float[tokens * rows];
    new ScalarPrimitives().linear(weights[0], 0, rows, x, tokens, expected, scratch);
    if (!Arrays.equals(out, expected)) {
      throw new AssertionError("the kernel's result is wrong");
    }
  }

  /** Frees the weights. */
  @TearDown
  public void tearDown() {
    arena.close();
  }

  /**
   * One linear layer.
   *
   * @param rates the counters
   * @return the result
   */
  @Benchmark
  public float[] linear(Rates rates) {
    CpuWeight w = weights[next];
    next = (next + 1) % weights.length;
    loops.linear(w, 0, w.rows(), packed, tokens, out, scratch);
    rates.bytes += w.rows() * w.rowBytes();
    rates.multiplyAdds += (long) tokens * w.rows() * w.columns();
    return out;
  }
}
