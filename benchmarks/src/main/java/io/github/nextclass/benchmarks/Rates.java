package io.github.nextclass.benchmarks;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Rates beside the times: what a time means is seen against what the machine could do. */
public final class Rates {
  private Rates() {}

  /** How fast memory was read. */
  @AuxCounters(AuxCounters.Type.EVENTS)
  @State(Scope.Thread)
  public static class Bandwidth {
    private long bytes;
    private long started;

    /** Starts the clock of an iteration. */
    @Setup(Level.Iteration)
    public void start() {
      bytes = 0;
      started = System.nanoTime();
    }

    void add(long count) {
      bytes += count;
    }

    /**
     * Weights, or keys and values.
     *
     * @return the rate in GB/s
     */
    public double gigabytesPerSecond() {
      return (double) bytes / (System.nanoTime() - started);
    }
  }

  /** How fast was calculated. */
  @AuxCounters(AuxCounters.Type.EVENTS)
  @State(Scope.Thread)
  public static class Arithmetic {
    private long multiplyAdds;
    private long started;

    /** Starts the clock of an iteration. */
    @Setup(Level.Iteration)
    public void start() {
      multiplyAdds = 0;
      started = System.nanoTime();
    }

    void add(long count) {
      multiplyAdds += count;
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

  /** How fast tokens were dealt with. */
  @AuxCounters(AuxCounters.Type.EVENTS)
  @State(Scope.Thread)
  public static class Tokens {
    private long count;
    private long started;

    /** Starts the clock of an iteration. */
    @Setup(Level.Iteration)
    public void start() {
      count = 0;
      started = System.nanoTime();
    }

    void add(long tokens) {
      count += tokens;
    }

    /**
     * All sequences together.
     *
     * @return the rate in tokens a second
     */
    public double tokensPerSecond() {
      return 1e9 * count / (System.nanoTime() - started);
    }
  }
}
