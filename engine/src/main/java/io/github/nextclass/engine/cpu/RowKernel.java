package io.github.nextclass.engine.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Dot products of weight rows with a few tokens: decode. Vectors lie along k, one sum for each pair
 * of row and token, so that weights stream through once in the order in which they lie in the file.
 * Four rows together keep four independent sums in flight; with more tokens they are eight, or
 * sixteen where there are registers for them.
 *
 * <p>Two tokens are packed together, as the weights come out of {@link Widen} and as the loops read
 * them, from the beginning to the end. The 16 lanes of {@link Lane} are one or more vectors, with a
 * pass for each:
 *
 * <pre>
 *   [pair of tokens][vector of lanes][period]   even k of a, even k of b, odd k of a, odd k of b
 *
 *   one token alone   [vector of lanes][period]   even k, odd k
 * </pre>
 *
 * <p>So a loop has one index, the period. With an index for each token the JIT used up the other
 * registers for addresses, loaded early, and kept sums in memory: 47 GFLOP/s with AVX2 where this
 * reaches 78 (four rows by two tokens, 1,024 columns).
 */
final class RowKernel {
  static final int ROWS = 4;
  static final int TOKENS = 4;

  private static final int WIDTH = Lanes.WIDTH;
  private static final boolean WHOLE = WIDTH == Lane.COUNT;
  private static final int PAIR_PERIOD = 4 * WIDTH;
  private static final int PERIOD_BYTES = 2 * Lane.PERIOD;
  private static final int UPPER_HALF = 0xffff0000;

  /**
   * Where the totals of a tile stand, behind its sums: a row of {@link #TOKENS} after the other.
   */
  private static final int TOTALS = ROWS * TOKENS * Lane.COUNT;

  private RowKernel() {}

  /** Tokens that there is room for when so many are packed. */
  static int room(int tokens) {
    return (tokens + TOKENS - 1) / TOKENS * TOKENS;
  }

  /** Packs a token; what stands in place of a pair's missing second is of no account. */
  static void packToken(float[] x, int tokens, int columns, int token, float[] packed) {
    int together = tokens == 1 ? 1 : 2;
    int first = token / together * together * columns + token % together * WIDTH;
    int odd = together * WIDTH;
    for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
      int to = first + lane * columns / Lane.COUNT * together;
      for (int k = token * columns + 2 * lane; k < (token + 1) * columns; k += Lane.PERIOD) {
        for (int i = 0; i < WIDTH; i++) {
          packed[to + i] = x[k + 2 * i];
          packed[to + odd + i] = x[k + 2 * i + 1];
        }
        to += 2 * odd;
      }
    }
  }

  /**
   * One token, bf16, straight from the mapping. The four rows are a quarter of the range apart, so
   * that the prefetcher sees four long streams: neighbours reached 23 GB/s where this reaches 33,
   * at rows of 2 KB, and eight streams 29 where four reached 36.
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
   * A few tokens, bf16, straight from the mapping: as {@link #runOne}, up to four tokens at a time.
   * The four rows stay in the first cache while the tokens pass.
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

  /**
   * A few tokens, any type: rows are widened four at a time and stay in cache while the tokens
   * pass.
   */
  static void run(
      CpuMatrix w, int from, int to, float[] x, int tokens, float[] out, Scratch scratch) {
    int columns = w.columns();
    int periods = columns / Lane.PERIOD;
    float[] panel = scratch.panel(ROWS * columns);
    float[] sums = scratch.sums((ROWS * TOKENS + 1) * Lane.COUNT);
    for (int r = from; r < to; r += ROWS) {
      int rows = Math.min(ROWS, to - r);
      for (int i = 0; i < rows; i++) {
        Widen.row(w, r + i, panel, i * columns);
      }
      if (tokens == 1) {
        for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
          floats4x1(panel, lane, columns, x, lane * columns / Lane.COUNT, periods, sums);
        }
        for (int i = 0; i < rows; i++) {
          out[r + i] = Lane.sum(sums, i * Lane.COUNT);
        }
        continue;
      }
      for (int t = 0; t < tokens; t += TOKENS) {
        for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
          int at = t * columns + 2 * lane * columns / Lane.COUNT;
          int toNext = lane + 2 * Lane.COUNT;
          if (Lanes.MANY_REGISTERS) {
            floats4x4(panel, lane, columns, x, at, periods, sums);
          } else {
            floats4x2(panel, lane, columns, x, at, periods, sums, lane);
            floats4x2(panel, lane, columns, x, at + 2 * columns, periods, sums, toNext);
          }
        }
        Sums.sixteen(sums, TOTALS);
        for (int i = 0; i < rows; i++) {
          for (int j = 0; j < Math.min(TOKENS, tokens - t); j++) {
            out[(t + j) * w.rows() + r + i] = sums[TOTALS + i * TOKENS + j];
          }
        }
      }
    }
  }

  /** Four rows of floats by one token. */
  private static void floats4x1(
      float[] panel, int lane, int n, float[] x, int at, int periods, float[] sums) {
    FloatVector s0 = FloatVector.zero(Lanes.F32);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    for (int step = 0; step < 2 * periods; step++) { // even and odd halves in turn
      FloatVector v = FloatVector.fromArray(Lanes.F32, x, at + step * WIDTH);
      int i = lane + step * Lane.COUNT;
      s0 = FloatVector.fromArray(Lanes.F32, panel, i).fma(v, s0);
      s1 = FloatVector.fromArray(Lanes.F32, panel, n + i).fma(v, s1);
      s2 = FloatVector.fromArray(Lanes.F32, panel, 2 * n + i).fma(v, s2);
      s3 = FloatVector.fromArray(Lanes.F32, panel, 3 * n + i).fma(v, s3);
    }
    s0.intoArray(sums, lane);
    s1.intoArray(sums, Lane.COUNT + lane);
    s2.intoArray(sums, 2 * Lane.COUNT + lane);
    s3.intoArray(sums, 3 * Lane.COUNT + lane);
  }

  /** Four rows of floats by four tokens: 16 sums. */
  private static void floats4x4(
      float[] panel, int lane, int n, float[] x, int at, int periods, float[] sums) {
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
    for (int step = 0; step < 2 * periods; step++) { // even and odd halves in turn
      int i = lane + step * Lane.COUNT;
      FloatVector w0 = FloatVector.fromArray(Lanes.F32, panel, i);
      FloatVector w1 = FloatVector.fromArray(Lanes.F32, panel, n + i);
      FloatVector w2 = FloatVector.fromArray(Lanes.F32, panel, 2 * n + i);
      FloatVector w3 = FloatVector.fromArray(Lanes.F32, panel, 3 * n + i);
      int first = at + step * 2 * WIDTH;
      int second = first + 2 * n;
      FloatVector xa = FloatVector.fromArray(Lanes.F32, x, first);
      a0 = w0.fma(xa, a0);
      a1 = w1.fma(xa, a1);
      a2 = w2.fma(xa, a2);
      a3 = w3.fma(xa, a3);
      FloatVector xb = FloatVector.fromArray(Lanes.F32, x, first + WIDTH);
      b0 = w0.fma(xb, b0);
      b1 = w1.fma(xb, b1);
      b2 = w2.fma(xb, b2);
      b3 = w3.fma(xb, b3);
      FloatVector xc = FloatVector.fromArray(Lanes.F32, x, second);
      c0 = w0.fma(xc, c0);
      c1 = w1.fma(xc, c1);
      c2 = w2.fma(xc, c2);
      c3 = w3.fma(xc, c3);
      FloatVector xd = FloatVector.fromArray(Lanes.F32, x, second + WIDTH);
      d0 = w0.fma(xd, d0);
      d1 = w1.fma(xd, d1);
      d2 = w2.fma(xd, d2);
      d3 = w3.fma(xd, d3);
    }
    a0.intoArray(sums, lane);
    b0.intoArray(sums, Lane.COUNT + lane);
    c0.intoArray(sums, 2 * Lane.COUNT + lane);
    d0.intoArray(sums, 3 * Lane.COUNT + lane);
    a1.intoArray(sums, 4 * Lane.COUNT + lane);
    b1.intoArray(sums, 5 * Lane.COUNT + lane);
    c1.intoArray(sums, 6 * Lane.COUNT + lane);
    d1.intoArray(sums, 7 * Lane.COUNT + lane);
    a2.intoArray(sums, 8 * Lane.COUNT + lane);
    b2.intoArray(sums, 9 * Lane.COUNT + lane);
    c2.intoArray(sums, 10 * Lane.COUNT + lane);
    d2.intoArray(sums, 11 * Lane.COUNT + lane);
    a3.intoArray(sums, 12 * Lane.COUNT + lane);
    b3.intoArray(sums, 13 * Lane.COUNT + lane);
    c3.intoArray(sums, 14 * Lane.COUNT + lane);
    d3.intoArray(sums, 15 * Lane.COUNT + lane);
  }

  /** Four rows of floats by two tokens: 8 sums. */
  private static void floats4x2(
      float[] panel, int row, int n, float[] x, int at, int periods, float[] sums, int to) {
    FloatVector a0 = FloatVector.zero(Lanes.F32);
    FloatVector b0 = a0;
    FloatVector a1 = a0;
    FloatVector b1 = a0;
    FloatVector a2 = a0;
    FloatVector b2 = a0;
    FloatVector a3 = a0;
    FloatVector b3 = a0;
    for (int period = 0; period < periods; period++) {
      FloatVector w0 = FloatVector.fromArray(Lanes.F32, panel, row);
      FloatVector w1 = FloatVector.fromArray(Lanes.F32, panel, row + n);
      FloatVector w2 = FloatVector.fromArray(Lanes.F32, panel, row + 2 * n);
      FloatVector w3 = FloatVector.fromArray(Lanes.F32, panel, row + 3 * n);
      FloatVector v = FloatVector.fromArray(Lanes.F32, x, at);
      a0 = w0.fma(v, a0);
      a1 = w1.fma(v, a1);
      a2 = w2.fma(v, a2);
      a3 = w3.fma(v, a3);
      v = FloatVector.fromArray(Lanes.F32, x, at + WIDTH);
      b0 = w0.fma(v, b0);
      b1 = w1.fma(v, b1);
      b2 = w2.fma(v, b2);
      b3 = w3.fma(v, b3);
      w0 = FloatVector.fromArray(Lanes.F32, panel, row + Lane.COUNT);
      w1 = FloatVector.fromArray(Lanes.F32, panel, row + n + Lane.COUNT);
      w2 = FloatVector.fromArray(Lanes.F32, panel, row + 2 * n + Lane.COUNT);
      w3 = FloatVector.fromArray(Lanes.F32, panel, row + 3 * n + Lane.COUNT);
      v = FloatVector.fromArray(Lanes.F32, x, at + 2 * WIDTH);
      a0 = w0.fma(v, a0);
      a1 = w1.fma(v, a1);
      a2 = w2.fma(v, a2);
      a3 = w3.fma(v, a3);
      v = FloatVector.fromArray(Lanes.F32, x, at + 3 * WIDTH);
      b0 = w0.fma(v, b0);
      b1 = w1.fma(v, b1);
      b2 = w2.fma(v, b2);
      b3 = w3.fma(v, b3);
      row += Lane.PERIOD;
      at += PAIR_PERIOD;
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
