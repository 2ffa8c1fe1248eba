package io.github.nextclass.engine.cpu;

import java.lang.foreign.MemorySegment;

/** The loops by which a machine is measured: nothing but reading, nothing but multiplying. */
interface ProbeLoops {
  /** Multiply-adds of one call of {@link #fma} for each round. */
  int fmasPerRound();

  /**
   * Multiplies and adds in 12 chains that do not wait for each other, which keeps two FMA units
   * with a latency of four or five cycles busy. The product is added to the chain, because the
   * instruction overwrites what it adds to: {@code a * m + m} would need a copy of m each time, and
   * reached 201 GFLOP/s in 256 bits where this reaches 236.
   *
   * @return a value that depends on all of them, so that none can be left out
   */
  float fma(int rounds);

  /**
   * Reads a range of bytes, a multiple of {@link MachineLimits#GRAIN_BYTES} long.
   *
   * @return a value that depends on all of them
   */
  int read(MemorySegment segment, long fromByte, long toByte);
}
