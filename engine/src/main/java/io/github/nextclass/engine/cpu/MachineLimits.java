package io.github.nextclass.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Measures how fast the threads of this machine read, and how fast they multiply and add. */
public final class MachineLimits implements AutoCloseable {
  /** Four vectors of 512 bits: the probes have no tails. */
  static final int GRAIN_BYTES = 256;

  private static final long PIECE_BYTES = 1 << 20;
  private static final int PIECES_PER_THREAD = 16;
  private static final int FMA_ROUNDS = 100_000;

  /** Enough for the JIT to come to its best code, and for the quiet moments of a busy machine. */
  private static final long NANOS_PER_MEASUREMENT = 400_000_000;

  private static final int LEAST_RUNS = 5;

  private final ProbeLoops loops;
  private final Workers workers;

  /** Takes what the loops return, or the JIT would leave the loops out. */
  private final AtomicInteger sink = new AtomicInteger();

  private record Piece(MemorySegment segment, long from, long to) {}

  /**
   * Starts threads.
   *
   * @param threads how many, the caller's included
   */
  public MachineLimits(int threads) {
    this.loops =
        PrimitivesSelector.vectorModuleIsThere() ? new VectorProbeLoops() : new ScalarProbeLoops();
    this.workers = new Workers(threads);
  }

  /**
   * Reads memory from its beginning to its end, again and again.
   *
   * @param segments what to read; their last bytes are left out where they do not fill a vector
   * @return bytes per second of the fastest pass; 0 if there is nothing to read
   */
  public double readBytesPerSecond(List<MemorySegment> segments) {
    List<Piece> pieces = new ArrayList<>();
    long bytes = 0;
    for (MemorySegment segment : segments) {
      long end = segment.byteSize() / GRAIN_BYTES * GRAIN_BYTES;
      for (long from = 0; from < end; from += PIECE_BYTES) {
        pieces.add(new Piece(segment, from, Math.min(from + PIECE_BYTES, end)));
      }
      bytes += end;
    }
    if (pieces.isEmpty()) {
      return 0;
    }
    return bytes
        / secondsOfFastest(
            pieces.size(),
            i -> {
              Piece piece = pieces.get(i);
              return loops.read(piece.segment(), piece.from(), piece.to());
            });
  }

  /**
   * Multiplies and adds floats in registers.
   *
   * @return floating-point operations per second of the fastest run; a multiply-add counts as two
   */
  public double flopsPerSecond() {
    int pieces = PIECES_PER_THREAD * workers.count();
    double seconds = secondsOfFastest(pieces, i -> Float.floatToRawIntBits(loops.fma(FMA_ROUNDS)));
    return 2.0 * loops.fmasPerRound() * FMA_ROUNDS * pieces / seconds;
  }

  private interface PieceLoop {
    int run(int piece);
  }

  private double secondsOfFastest(int pieces, PieceLoop loop) {
    long fastest = Long.MAX_VALUE;
    long start = System.nanoTime();
    for (int run = 0;
        run < LEAST_RUNS || System.nanoTime() - start < NANOS_PER_MEASUREMENT;
        run++) {
      long runStart = System.nanoTime();
      workers.forRange(
          pieces,
          1,
          (worker, from, to) -> {
            for (int i = from; i < to; i++) {
              sink.addAndGet(loop.run(i));
            }
          });
      fastest = Math.min(fastest, System.nanoTime() - runStart);
    }
    return Math.max(fastest, 1) / 1e9;
  }

  /** Ends the threads. */
  @Override
  public void close() {
    workers.close();
  }
}
