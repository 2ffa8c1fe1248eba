package io.github.nextclass.engine.cpu;

import static io.github.nextclass.engine.cpu.RowKernel.PAIR_PERIOD;
import static io.github.nextclass.engine.cpu.RowKernel.ROWS;
import static io.github.nextclass.engine.cpu.RowKernel.TOKENS;
import static io.github.nextclass.engine.cpu.RowKernel.TOTALS;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Dot products of bf16 rows with a few tokens, straight from the mapping: decode. Weights stream
 * through once, in the order in which they lie in the file. Four rows together keep four
 * independent sums in flight. Inputs are packed by {@link RowKernel}.
 *
 * <p>A loop has one index, the period. With an index for each token the JIT used up the other
 * registers for addresses, loaded early, and kept sums in memory: 47 GFLOP/s with AVX2 where this
 * reaches 78 (four rows by two tokens, 1,024 columns).
 */
final class Bf16RowKernel {
  private static final int WIDTH = Lanes.WIDTH;
  private static final boolean WHOLE = WIDTH == Lane.COUNT;
  private static final int PERIOD_BYTES = 2 * Lane.PERIOD;
  private static final int UPPER_HALF = 0xffff0000;

  private Bf16RowKernel() {}

  /**
   * One token. The four rows are a quarter of the range apart, so that the prefetcher sees four
   * long streams: neighbours reached 23 GB/s where this reaches 33, at rows of 2 KB, and eight
   * streams 29 where four reached 36.
   *
   * <p>Where the lanes are more than one vector, two go along together. With a pass for each of
   * them a thread read 20 GB/s with AVX2, and 28 so.
   */
  static void runOne(CpuWeight w, int from, int to, float[] x, float[] out, Scratch scratch) {
    int columns = w.columns();
    int periods = columns / Lane.PERIOD;
    float[] sums = scratch.sums(ROWS * Lane.COUNT);
    int quarter = (to - from + ROWS - 1) / ROWS;
    int last = to - 1;
    for (int r = from; r < from + quarter; r++) {
      for (int lane = 0; lane < Lane.COUNT; lane += 2 * WIDTH) {
        long row0 = pairs(w, r, last, lane);
        long row1 = pairs(w, r + quarter, last, lane);
        long row2 = pairs(w, r + 2 * quarter, last, lane);
        long row3 = pairs(w, r + 3 * quarter, last, lane);
        if (WHOLE) {
          dot4(w.segment(), row0, row1, row2, row3, x, periods, sums);
        } else {
          int at = lane * columns / Lane.COUNT;
          int next = (lane + WIDTH) * columns / Lane.COUNT;
          dot4Wide(w.segment(), row0, row1, row2, row3, x, at, next, periods, sums, lane);
        }
      }
      for (int i = 0; i < ROWS; i++) {
        out[Math.min(r + i * quarter, last)] = Lane.sum(sums, i * Lane.COUNT);
      }
    }
  }

  /** Where the first weights of a lane lie; two weights of two bytes are a lane's. */
  private static long pairs(CpuWeight w, int row, int last, int lane) {
    return w.rowOffsetBytes(Math.min(row, last)) + 4L * lane;
  }

  /** Four rows by one token, the lanes of one vector. */
  private static void dot4(
      MemorySegment w,
      long row0,
      long row1,
      long row2,
      long row3,
      float[] x,
      int periods,
      float[] sums) {
    FloatVector s0 = FloatVector.zero(Lanes.F32);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    for (int period = 0; period < periods; period++) {
      FloatVector even = FloatVector.fromArray(Lanes.F32, x, period * Lane.PERIOD);
      FloatVector odd = FloatVector.fromArray(Lanes.F32, x, period * Lane.PERIOD + Lane.COUNT);
      long pairs = (long) period * PERIOD_BYTES;
      IntVector w0 = IntVector.fromMemorySegment(Lanes.I32, w, row0 + pairs, LITTLE_ENDIAN);
      IntVector w1 = IntVector.fromMemorySegment(Lanes.I32, w, row1 + pairs, LITTLE_ENDIAN);
      IntVector w2 = IntVector.fromMemorySegment(Lanes.I32, w, row2 + pairs, LITTLE_ENDIAN);
      IntVector w3 = IntVector.fromMemorySegment(Lanes.I32, w, row3 + pairs, LITTLE_ENDIAN);
      s0 = Widen.oddBf16(w0).fma(odd, Widen.evenBf16(w0).fma(even, s0));
      s1 = Widen.oddBf16(w1).fma(odd, Widen.evenBf16(w1).fma(even, s1));
      s2 = Widen.oddBf16(w2).fma(odd, Widen.evenBf16(w2).fma(even, s2));
      s3 = Widen.oddBf16(w3).fma(odd, Widen.evenBf16(w3).fma(even, s3));
    }
    s0.intoArray(sums, 0);
    s1.intoArray(sums, Lane.COUNT);
    s2.intoArray(sums, 2 * Lane.COUNT);
    s3.intoArray(sums, 3 * Lane.COUNT);
  }

  /** Four rows by one token, the lanes of two vectors. */
  private static void dot4Wide(
      MemorySegment w,
      long row0,
      long row1,
      long row2,
      long row3,
      float[] x,
      int at,
      int next,
      int periods,
      float[] sums,
      int to) {
    FloatVector s0 = FloatVector.zero(Lanes.F32);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    FloatVector t0 = s0;
    FloatVector t1 = s0;
    FloatVector t2 = s0;
    FloatVector t3 = s0;
    for (int period = 0; period < periods; period++) {
      long pairs = (long) period * PERIOD_BYTES;
      int i = period * 2 * WIDTH;
      FloatVector even = FloatVector.fromArray(Lanes.F32, x, at + i);
      FloatVector odd = FloatVector.fromArray(Lanes.F32, x, at + i + WIDTH);
      IntVector v = IntVector.fromMemorySegment(Lanes.I32, w, row0 + pairs, LITTLE_ENDIAN);
      s0 = v.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, s0);
      s0 = v.and(UPPER_HALF).reinterpretAsFloats().fma(odd, s0);
      v = IntVector.fromMemorySegment(Lanes.I32, w, row1 + pairs, LITTLE_ENDIAN);
      s1 = v.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, s1);
      s1 = v.and(UPPER_HALF).reinterpretAsFloats().fma(odd, s1);
      v = IntVector.fromMemorySegment(Lanes.I32, w, row2 + pairs, LITTLE_ENDIAN);
      s2 = v.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, s2);
      s2 = v.and(UPPER_HALF).reinterpretAsFloats().fma(odd, s2);
      v = IntVector.fromMemorySegment(Lanes.I32, w, row3 + pairs, LITTLE_ENDIAN);
      s3 = v.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, s3);
      s3 = v.and(UPPER_HALF).reinterpretAsFloats().fma(odd, s3);
      pairs += Lanes.I32.vectorByteSize();
      even = FloatVector.fromArray(Lanes.F32, x, next + i);
      odd = FloatVector.fromArray(Lanes.F32, x, next + i + WIDTH);
      v = IntVector.fromMemorySegment(Lanes.I32, w, row0 + pairs, LITTLE_ENDIAN);
      t0 = v.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, t0);
      t0 = v.and(UPPER_HALF).reinterpretAsFloats().fma(odd, t0);
      v = IntVector.fromMemorySegment(Lanes.I32, w, row1 + pairs, LITTLE_ENDIAN);
      t1 = v.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, t1);
      t1 = v.and(UPPER_HALF).reinterpretAsFloats().fma(odd, t1);
      v = IntVector.fromMemorySegment(Lanes.I32, w, row2 + pairs, LITTLE_ENDIAN);
      t2 = v.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, t2);
      t2 = v.and(UPPER_HALF).reinterpretAsFloats().fma(odd, t2);
      v = IntVector.fromMemorySegment(Lanes.I32, w, row3 + pairs, LITTLE_ENDIAN);
      t3 = v.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, t3);
      t3 = v.and(UPPER_HALF).reinterpretAsFloats().fma(odd, t3);
    }
    s0.intoArray(sums, to);
    s1.intoArray(sums, to + Lane.COUNT);
    s2.intoArray(sums, to + 2 * Lane.COUNT);
    s3.intoArray(sums, to + 3 * Lane.COUNT);
    t0.intoArray(sums, to + WIDTH);
    t1.intoArray(sums, to + WIDTH + Lane.COUNT);
    t2.intoArray(sums, to + WIDTH + 2 * Lane.COUNT);
    t3.intoArray(sums, to + WIDTH + 3 * Lane.COUNT);
  }

  /**
   * A few tokens: as {@link #runOne}, up to four tokens at a time. The four rows stay in the first
   * cache while the tokens pass.
   */
  static void runFew(
      CpuWeight w, int from, int to, float[] x, int tokens, float[] out, Scratch scratch) {
    int columns = w.columns();
    int periods = columns / Lane.PERIOD;
    float[] sums = scratch.sums((ROWS * TOKENS + 1) * Lane.COUNT);
    int quarter = (to - from + ROWS - 1) / ROWS;
    int last = to - 1;
    for (int r = from; r < from + quarter; r++) {
      for (int t = 0; t < tokens; t += TOKENS) {
        for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
          long row0 = pairs(w, r, last, lane);
          long row1 = pairs(w, r + quarter, last, lane);
          long row2 = pairs(w, r + 2 * quarter, last, lane);
          long row3 = pairs(w, r + 3 * quarter, last, lane);
          int at = t * columns + 2 * lane * columns / Lane.COUNT;
          int next = at + 2 * columns;
          int toNext = lane + 2 * Lane.COUNT;
          if (t + 2 >= tokens) {
            dot4x2(w.segment(), row0, row1, row2, row3, x, at, periods, sums, lane);
          } else if (Lanes.MANY_REGISTERS) {
            dot4x4(w.segment(), row0, row1, row2, row3, x, at, next, periods, sums, lane);
          } else {
            dot4x2(w.segment(), row0, row1, row2, row3, x, at, periods, sums, lane);
            dot4x2(w.segment(), row0, row1, row2, row3, x, next, periods, sums, toNext);
          }
        }
        Sums.sixteen(sums, TOTALS);
        for (int i = 0; i < ROWS; i++) {
          int row = Math.min(r + i * quarter, last);
          for (int j = 0; j < Math.min(TOKENS, tokens - t); j++) {
            out[(t + j) * w.rows() + row] = sums[TOTALS + i * TOKENS + j];
          }
        }
      }
    }
  }

  /** Four rows by four tokens: 16 sums. */
  private static void dot4x4(
      MemorySegment w,
      long row0,
      long row1,
      long row2,
      long row3,
      float[] x,
      int at,
      int next,
      int periods,
      float[] sums,
      int to) {
    FloatVector a0 = FloatVector.zero(Lanes.F32);
    FloatVector b0 = a0;
    FloatVector c0 = a0;
    FloatVector d0 = a0;
    FloatVector a1 = a0;
    FloatVector b1 = a0;
    FloatVector c1 = a0;
    FloatVector d1 = a0;
    FloatVector a2 = a0;
    FloatVector b2 = a0;
    FloatVector c2 = a0;
    FloatVector d2 = a0;
    FloatVector a3 = a0;
    FloatVector b3 = a0;
    FloatVector c3 = a0;
    FloatVector d3 = a0;
    for (int period = 0; period < periods; period++) {
      long pairs = (long) period * PERIOD_BYTES;
      int i = at + period * PAIR_PERIOD;
      int j = next + period * PAIR_PERIOD;
      FloatVector ea = FloatVector.fromArray(Lanes.F32, x, i);
      FloatVector eb = FloatVector.fromArray(Lanes.F32, x, i + WIDTH);
      FloatVector ec = FloatVector.fromArray(Lanes.F32, x, j);
      FloatVector ed = FloatVector.fromArray(Lanes.F32, x, j + WIDTH);
      FloatVector oa = FloatVector.fromArray(Lanes.F32, x, i + 2 * WIDTH);
      FloatVector ob = FloatVector.fromArray(Lanes.F32, x, i + 3 * WIDTH);
      FloatVector oc = FloatVector.fromArray(Lanes.F32, x, j + 2 * WIDTH);
      FloatVector od = FloatVector.fromArray(Lanes.F32, x, j + 3 * WIDTH);
      IntVector words = IntVector.fromMemorySegment(Lanes.I32, w, row0 + pairs, LITTLE_ENDIAN);
      FloatVector even = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector odd = words.and(UPPER_HALF).reinterpretAsFloats();
      a0 = odd.fma(oa, even.fma(ea, a0));
      b0 = odd.fma(ob, even.fma(eb, b0));
      c0 = odd.fma(oc, even.fma(ec, c0));
      d0 = odd.fma(od, even.fma(ed, d0));
      words = IntVector.fromMemorySegment(Lanes.I32, w, row1 + pairs, LITTLE_ENDIAN);
      even = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      odd = words.and(UPPER_HALF).reinterpretAsFloats();
      a1 = odd.fma(oa, even.fma(ea, a1));
      b1 = odd.fma(ob, even.fma(eb, b1));
      c1 = odd.fma(oc, even.fma(ec, c1));
      d1 = odd.fma(od, even.fma(ed, d1));
      words = IntVector.fromMemorySegment(Lanes.I32, w, row2 + pairs, LITTLE_ENDIAN);
      even = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      odd = words.and(UPPER_HALF).reinterpretAsFloats();
      a2 = odd.fma(oa, even.fma(ea, a2));
      b2 = odd.fma(ob, even.fma(eb, b2));
      c2 = odd.fma(oc, even.fma(ec, c2));
      d2 = odd.fma(od, even.fma(ed, d2));
      words = IntVector.fromMemorySegment(Lanes.I32, w, row3 + pairs, LITTLE_ENDIAN);
      even = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      odd = words.and(UPPER_HALF).reinterpretAsFloats();
      a3 = odd.fma(oa, even.fma(ea, a3));
      b3 = odd.fma(ob, even.fma(eb, b3));
      c3 = odd.fma(oc, even.fma(ec, c3));
      d3 = odd.fma(od, even.fma(ed, d3));
    }
    a0.intoArray(sums, to);
    b0.intoArray(sums, to + Lane.COUNT);
    c0.intoArray(sums, to + 2 * Lane.COUNT);
    d0.intoArray(sums, to + 3 * Lane.COUNT);
    a1.intoArray(sums, to + 4 * Lane.COUNT);
    b1.intoArray(sums, to + 5 * Lane.COUNT);
    c1.intoArray(sums, to + 6 * Lane.COUNT);
    d1.intoArray(sums, to + 7 * Lane.COUNT);
    a2.intoArray(sums, to + 8 * Lane.COUNT);
    b2.intoArray(sums, to + 9 * Lane.COUNT);
    c2.intoArray(sums, to + 10 * Lane.COUNT);
    d2.intoArray(sums, to + 11 * Lane.COUNT);
    a3.intoArray(sums, to + 12 * Lane.COUNT);
    b3.intoArray(sums, to + 13 * Lane.COUNT);
    c3.intoArray(sums, to + 14 * Lane.COUNT);
    d3.intoArray(sums, to + 15 * Lane.COUNT);
  }

  /** Four rows by two tokens: 8 sums, as many as 16 registers allow. */
  private static void dot4x2(
      MemorySegment w,
      long row0,
      long row1,
      long row2,
      long row3,
      float[] x,
      int at,
      int periods,
      float[] sums,
      int to) {
    FloatVector a0 = FloatVector.zero(Lanes.F32);
    FloatVector b0 = a0;
    FloatVector a1 = a0;
    FloatVector b1 = a0;
    FloatVector a2 = a0;
    FloatVector b2 = a0;
    FloatVector a3 = a0;
    FloatVector b3 = a0;
    for (int period = 0; period < periods; period++) {
      long pairs = (long) period * PERIOD_BYTES;
      int i = at + period * PAIR_PERIOD;
      FloatVector ea = FloatVector.fromArray(Lanes.F32, x, i);
      FloatVector eb = FloatVector.fromArray(Lanes.F32, x, i + WIDTH);
      FloatVector oa = FloatVector.fromArray(Lanes.F32, x, i + 2 * WIDTH);
      FloatVector ob = FloatVector.fromArray(Lanes.F32, x, i + 3 * WIDTH);
      IntVector words = IntVector.fromMemorySegment(Lanes.I32, w, row0 + pairs, LITTLE_ENDIAN);
      FloatVector even = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector odd = words.and(UPPER_HALF).reinterpretAsFloats();
      a0 = odd.fma(oa, even.fma(ea, a0));
      b0 = odd.fma(ob, even.fma(eb, b0));
      words = IntVector.fromMemorySegment(Lanes.I32, w, row1 + pairs, LITTLE_ENDIAN);
      even = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      odd = words.and(UPPER_HALF).reinterpretAsFloats();
      a1 = odd.fma(oa, even.fma(ea, a1));
      b1 = odd.fma(ob, even.fma(eb, b1));
      words = IntVector.fromMemorySegment(Lanes.I32, w, row2 + pairs, LITTLE_ENDIAN);
      even = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      odd = words.and(UPPER_HALF).reinterpretAsFloats();
      a2 = odd.fma(oa, even.fma(ea, a2));
      b2 = odd.fma(ob, even.fma(eb, b2));
      words = IntVector.fromMemorySegment(Lanes.I32, w, row3 + pairs, LITTLE_ENDIAN);
      even = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      odd = words.and(UPPER_HALF).reinterpretAsFloats();
      a3 = odd.fma(oa, even.fma(ea, a3));
      b3 = odd.fma(ob, even.fma(eb, b3));
    }
    a0.intoArray(sums, to);
    b0.intoArray(sums, to + Lane.COUNT);
    a1.intoArray(sums, to + 4 * Lane.COUNT);
    b1.intoArray(sums, to + 5 * Lane.COUNT);
    a2.intoArray(sums, to + 8 * Lane.COUNT);
    b2.intoArray(sums, to + 9 * Lane.COUNT);
    a3.intoArray(sums, to + 12 * Lane.COUNT);
    b3.intoArray(sums, to + 13 * Lane.COUNT);
  }
}
