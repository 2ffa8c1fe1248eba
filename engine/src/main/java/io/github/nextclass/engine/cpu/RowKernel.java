package io.github.nextclass.engine.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Dot products of weight rows with a few tokens: decode. Vectors lie along k, one sum for each pair
 * of row and token, so that weights stream through once in the order in which they lie in the file.
 * Four rows together keep four independent sums in flight; with four tokens they are sixteen.
 *
 * <p>Inputs are packed as the weights come out of {@link Widen}: of each 32 floats first the even,
 * then the odd.
 */
final class RowKernel {
  static final int ROWS = 4;
  static final int TOKENS = 4;

  private static final int WIDTH = Lanes.WIDTH;

  /**
   * Where the totals of a tile stand, behind its sums: a row of {@link #TOKENS} after the other.
   */
  private static final int TOTALS = ROWS * TOKENS * Lane.COUNT;

  private RowKernel() {}

  /** Tokens that there is room for when so many are packed. */
  static int room(int tokens) {
    return (tokens + TOKENS - 1) / TOKENS * TOKENS;
  }

  static void packToken(float[] x, int columns, int token, float[] packed) {
    int from = token * columns;
    int to = token * columns;
    for (int block = 0; block < columns; block += Lane.PERIOD) {
      for (int i = 0; i < Lane.COUNT; i++) {
        packed[to + block + i] = x[from + block + 2 * i];
        packed[to + block + Lane.COUNT + i] = x[from + block + 2 * i + 1];
      }
    }
  }

  /**
   * One token, bf16, straight from the mapping. The four rows are a quarter of the range apart, so
   * that the prefetcher sees four long streams: neighbours reached 23 GB/s where this reaches 33,
   * at rows of 2 KB.
   */
  static void runOne(CpuWeight w, int from, int to, float[] x, float[] out, Scratch scratch) {
    float[] sums = scratch.sums(ROWS * Lane.COUNT);
    int quarter = (to - from + ROWS - 1) / ROWS;
    int last = to - 1;
    for (int r = from; r < from + quarter; r++) {
      for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
        dot4(
            w.segment(),
            w.rowOffsetBytes(r),
            w.rowOffsetBytes(Math.min(r + quarter, last)),
            w.rowOffsetBytes(Math.min(r + 2 * quarter, last)),
            w.rowOffsetBytes(Math.min(r + 3 * quarter, last)),
            x,
            w.columns(),
            sums,
            lane);
      }
      for (int i = 0; i < ROWS; i++) {
        out[Math.min(r + i * quarter, last)] = Lane.sum(sums, i * Lane.COUNT);
      }
    }
  }

  private static void dot4(
      MemorySegment w,
      long row0,
      long row1,
      long row2,
      long row3,
      float[] x,
      int n,
      float[] sums,
      int lane) {
    FloatVector s0 = FloatVector.zero(Lanes.F32);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    for (int block = lane; block < n; block += Lane.PERIOD) {
      FloatVector even = FloatVector.fromArray(Lanes.F32, x, block);
      FloatVector odd = FloatVector.fromArray(Lanes.F32, x, block + Lane.COUNT);
      long at = 2L * block + 2L * lane; // 2 bytes a weight, 2 weights a lane
      IntVector w0 = IntVector.fromMemorySegment(Lanes.I32, w, row0 + at, LITTLE_ENDIAN);
      IntVector w1 = IntVector.fromMemorySegment(Lanes.I32, w, row1 + at, LITTLE_ENDIAN);
      IntVector w2 = IntVector.fromMemorySegment(Lanes.I32, w, row2 + at, LITTLE_ENDIAN);
      IntVector w3 = IntVector.fromMemorySegment(Lanes.I32, w, row3 + at, LITTLE_ENDIAN);
      s0 = Widen.oddBf16(w0).fma(odd, Widen.evenBf16(w0).fma(even, s0));
      s1 = Widen.oddBf16(w1).fma(odd, Widen.evenBf16(w1).fma(even, s1));
      s2 = Widen.oddBf16(w2).fma(odd, Widen.evenBf16(w2).fma(even, s2));
      s3 = Widen.oddBf16(w3).fma(odd, Widen.evenBf16(w3).fma(even, s3));
    }
    s0.intoArray(sums, lane);
    s1.intoArray(sums, Lane.COUNT + lane);
    s2.intoArray(sums, 2 * Lane.COUNT + lane);
    s3.intoArray(sums, 3 * Lane.COUNT + lane);
  }

  /**
   * A few tokens, bf16, straight from the mapping: as {@link #runOne}, four tokens at a time. The
   * four rows stay in the first cache while the tokens pass.
   */
  static void runFew(
      CpuWeight w, int from, int to, float[] x, int tokens, float[] out, Scratch scratch) {
    int columns = w.columns();
    float[] sums = scratch.sums((ROWS * TOKENS + 1) * Lane.COUNT);
    int quarter = (to - from + ROWS - 1) / ROWS;
    int last = to - 1;
    for (int r = from; r < from + quarter; r++) {
      for (int t = 0; t < tokens; t += TOKENS) {
        for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
          dot4x4(
              w.segment(),
              w.rowOffsetBytes(r),
              w.rowOffsetBytes(Math.min(r + quarter, last)),
              w.rowOffsetBytes(Math.min(r + 2 * quarter, last)),
              w.rowOffsetBytes(Math.min(r + 3 * quarter, last)),
              x,
              t * columns,
              columns,
              sums,
              lane);
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

  /** Four rows by four tokens, straight from the mapping: 16 sums. */
  private static void dot4x4(
      MemorySegment w,
      long row0,
      long row1,
      long row2,
      long row3,
      float[] x,
      int at,
      int n,
      float[] sums,
      int lane) {
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
    for (int block = lane; block < n; block += Lane.PERIOD) {
      long pair = 2L * block + 2L * lane; // 2 bytes a weight, 2 weights a lane
      IntVector w0 = IntVector.fromMemorySegment(Lanes.I32, w, row0 + pair, LITTLE_ENDIAN);
      IntVector w1 = IntVector.fromMemorySegment(Lanes.I32, w, row1 + pair, LITTLE_ENDIAN);
      IntVector w2 = IntVector.fromMemorySegment(Lanes.I32, w, row2 + pair, LITTLE_ENDIAN);
      IntVector w3 = IntVector.fromMemorySegment(Lanes.I32, w, row3 + pair, LITTLE_ENDIAN);
      FloatVector e0 = w0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector o0 = w0.and(0xffff0000).reinterpretAsFloats();
      FloatVector e1 = w1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector o1 = w1.and(0xffff0000).reinterpretAsFloats();
      FloatVector e2 = w2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector o2 = w2.and(0xffff0000).reinterpretAsFloats();
      FloatVector e3 = w3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector o3 = w3.and(0xffff0000).reinterpretAsFloats();
      FloatVector ea = FloatVector.fromArray(Lanes.F32, x, at + block);
      FloatVector oa = FloatVector.fromArray(Lanes.F32, x, at + block + Lane.COUNT);
      a0 = o0.fma(oa, e0.fma(ea, a0));
      a1 = o1.fma(oa, e1.fma(ea, a1));
      a2 = o2.fma(oa, e2.fma(ea, a2));
      a3 = o3.fma(oa, e3.fma(ea, a3));
      FloatVector eb = FloatVector.fromArray(Lanes.F32, x, at + n + block);
      FloatVector ob = FloatVector.fromArray(Lanes.F32, x, at + n + block + Lane.COUNT);
      b0 = o0.fma(ob, e0.fma(eb, b0));
      b1 = o1.fma(ob, e1.fma(eb, b1));
      b2 = o2.fma(ob, e2.fma(eb, b2));
      b3 = o3.fma(ob, e3.fma(eb, b3));
      FloatVector ec = FloatVector.fromArray(Lanes.F32, x, at + 2 * n + block);
      FloatVector oc = FloatVector.fromArray(Lanes.F32, x, at + 2 * n + block + Lane.COUNT);
      c0 = o0.fma(oc, e0.fma(ec, c0));
      c1 = o1.fma(oc, e1.fma(ec, c1));
      c2 = o2.fma(oc, e2.fma(ec, c2));
      c3 = o3.fma(oc, e3.fma(ec, c3));
      FloatVector ed = FloatVector.fromArray(Lanes.F32, x, at + 3 * n + block);
      FloatVector od = FloatVector.fromArray(Lanes.F32, x, at + 3 * n + block + Lane.COUNT);
      d0 = o0.fma(od, e0.fma(ed, d0));
      d1 = o1.fma(od, e1.fma(ed, d1));
      d2 = o2.fma(od, e2.fma(ed, d2));
      d3 = o3.fma(od, e3.fma(ed, d3));
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

  /**
   * A few tokens, any type: rows are widened four at a time and stay in cache while the tokens
   * pass.
   */
  static void run(
      CpuMatrix w, int from, int to, float[] x, int tokens, float[] out, Scratch scratch) {
    int columns = w.columns();
    float[] panel = scratch.panel(ROWS * columns);
    float[] sums = scratch.sums((ROWS * TOKENS + 1) * Lane.COUNT);
    for (int r = from; r < to; r += ROWS) {
      int rows = Math.min(ROWS, to - r);
      for (int i = 0; i < rows; i++) {
        Widen.row(w, r + i, panel, i * columns);
      }
      if (tokens == 1) {
        for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
          dot4x1(panel, x, columns, sums, lane);
        }
        for (int i = 0; i < rows; i++) {
          out[r + i] = Lane.sum(sums, i * Lane.COUNT);
        }
        continue;
      }
      for (int t = 0; t < tokens; t += TOKENS) {
        for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
          dot4x4(panel, x, t * columns, columns, sums, lane);
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

  /** Four rows by one token. */
  private static void dot4x1(float[] panel, float[] x, int n, float[] sums, int lane) {
    FloatVector s0 = FloatVector.zero(Lanes.F32);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    for (int i = lane; i < n; i += Lane.COUNT) { // even and odd halves in turn
      FloatVector v = FloatVector.fromArray(Lanes.F32, x, i);
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

  /** Four rows by four tokens: 16 sums. */
  private static void dot4x4(float[] panel, float[] x, int at, int n, float[] sums, int lane) {
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
    for (int i = lane; i < n; i += Lane.COUNT) { // even and odd halves in turn
      FloatVector w0 = FloatVector.fromArray(Lanes.F32, panel, i);
      FloatVector w1 = FloatVector.fromArray(Lanes.F32, panel, n + i);
      FloatVector w2 = FloatVector.fromArray(Lanes.F32, panel, 2 * n + i);
      FloatVector w3 = FloatVector.fromArray(Lanes.F32, panel, 3 * n + i);
      FloatVector xa = FloatVector.fromArray(Lanes.F32, x, at + i);
      a0 = w0.fma(xa, a0);
      a1 = w1.fma(xa, a1);
      a2 = w2.fma(xa, a2);
      a3 = w3.fma(xa, a3);
      FloatVector xb = FloatVector.fromArray(Lanes.F32, x, at + n + i);
      b0 = w0.fma(xb, b0);
      b1 = w1.fma(xb, b1);
      b2 = w2.fma(xb, b2);
      b3 = w3.fma(xb, b3);
      FloatVector xc = FloatVector.fromArray(Lanes.F32, x, at + 2 * n + i);
      c0 = w0.fma(xc, c0);
      c1 = w1.fma(xc, c1);
      c2 = w2.fma(xc, c2);
      c3 = w3.fma(xc, c3);
      FloatVector xd = FloatVector.fromArray(Lanes.F32, x, at + 3 * n + i);
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
}
