package io.github.nextclass.engine.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.github.nextclass.engine.KvCacheFormat;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The two products of attention with a block of the KV cache, which are one: {@code out[i, lane] +=
 * sum over terms of factor[i, term] * panel[lane, term]}, see {@link KvPanel}.
 *
 * <p>Eight sums stay in registers: of a prompt, whose many queries use what was fetched again and
 * again, four queries by two vectors; of one new token, two queries by four vectors, so that a
 * vector of the cache is loaded once for both heads of a group. Words of BF16 and Q8 are widened in
 * the registers: 256 tokens over 4,096 positions in BF16 ran at 158 GFLOP/s so, and at 135 with a
 * widened copy. A word of Q8 takes more instructions, and where many queries share a block a copy
 * is made once for all of them: 116 against 98.
 */
final class AttentionKernel {
  /** Up to so many queries read Q8 as it lies. */
  private static final int FEW = 8;

  private static final int WIDTH = Lanes.WIDTH;
  private static final int TWO = 2 * WIDTH;
  private static final int FOUR = 4 * WIDTH;
  private static final int RUN = KvPanel.RUN;
  private static final int BLOCK = Primitives.BLOCK;
  private static final int UPPER_HALF = 0xffff0000;
  private static final int UPPER_BYTE = 0xff000000;

  private AttentionKernel() {}

  /** See {@link Primitives#scores}. */
  static void scores(
      KvPanel k, float[] q, Queries queries, float[] scores, int position, Scratch scratch) {
    int n = queries.count();
    KvPanel panel = readable(k, n, scratch);
    float[] scales = KvWiden.scales(panel, scratch);
    int terms = k.headDim();
    int i = 0;
    for (; i <= n - 4 && panel.format() == KvCacheFormat.F32; i += 4) {
      for (int lane = 0; lane < BLOCK; lane += TWO) {
        int at = position + lane;
        four(
            panel.segment(),
            panel.wordBytes(lane, 0),
            panel.wordBytes(lane + WIDTH, 0),
            panel.rowBytes(),
            q,
            queries.offset(i),
            queries.offset(i + 1),
            queries.offset(i + 2),
            queries.offset(i + 3),
            terms,
            scores,
            queries.scores(i) + at,
            queries.scores(i + 1) + at,
            queries.scores(i + 2) + at,
            queries.scores(i + 3) + at);
      }
    }
    for (; i < n; i += 2) {
      int j = Math.min(i + 1, n - 1); // the last of an odd number goes with itself
      pair(
          panel,
          scales,
          0,
          q,
          queries.offset(i),
          queries.offset(j),
          terms,
          terms,
          scores,
          queries.scores(i) + position,
          queries.scores(j) + position);
    }
  }

  /** See {@link Primitives#weightedSum}. */
  static void weightedSum(
      KvPanel v, float[] probs, int position, Queries queries, float[] out, Scratch scratch) {
    int n = queries.count();
    KvPanel panel = readable(v, n, scratch);
    float[] scales = KvWiden.scales(panel, scratch);
    boolean fours = panel.format() == KvCacheFormat.F32 && v.lanes() % TWO == 0;
    int i = 0;
    for (; i <= n - 4 && fours; i += 4) {
      int all = queries.visible(i, position); // what all four see
      for (int lane = 0; lane < v.lanes() && all > 0; lane += TWO) {
        four(
            panel.segment(),
            panel.wordBytes(lane, 0),
            panel.wordBytes(lane + WIDTH, 0),
            panel.rowBytes(),
            probs,
            queries.scores(i) + position,
            queries.scores(i + 1) + position,
            queries.scores(i + 2) + position,
            queries.scores(i + 3) + position,
            all,
            out,
            queries.offset(i) + lane,
            queries.offset(i + 1) + lane,
            queries.offset(i + 2) + lane,
            queries.offset(i + 3) + lane);
      }
      for (int j = i; j < i + 4; j += 2) {
        weightedPair(panel, scales, all, probs, position, queries, j, j + 1, out);
      }
    }
    for (; i < n; i += 2) {
      weightedPair(panel, scales, 0, probs, position, queries, i, Math.min(i + 1, n - 1), out);
    }
  }

  private static KvPanel readable(KvPanel panel, int queries, Scratch scratch) {
    return panel.format() == KvCacheFormat.Q8 && queries > FEW
        ? KvWiden.floats(panel, scratch)
        : panel;
  }

  /** Values from a position of the block on, for two queries. */
  private static void weightedPair(
      KvPanel panel,
      float[] scales,
      int from,
      float[] probs,
      int position,
      Queries queries,
      int i,
      int j,
      float[] out) {
    pair(
        panel,
        scales,
        from,
        probs,
        queries.scores(i) + position,
        queries.scores(j) + position,
        queries.visible(i, position),
        queries.visible(j, position),
        out,
        queries.offset(i),
        queries.offset(j));
  }

  /**
   * Two queries, from a term on, which begins a word. The second sees as many terms as the first,
   * or more.
   */
  private static void pair(
      KvPanel panel,
      float[] scales,
      int from,
      float[] f,
      int f0,
      int f1,
      int n0,
      int n1,
      float[] out,
      int o0,
      int o1) {
    if (from == n1) {
      return;
    }
    int both = n0 - n0 % KvPanel.parts(panel.format());
    int lane = 0;
    for (; lane <= panel.lanes() - FOUR && both > from; lane += FOUR) {
      two(panel, scales, lane, from, both, f, f0, f1, out, o0 + lane, o1 + lane);
    }
    one(panel, scales, 0, lane, both, n0, f, f0, out, o0);
    one(panel, scales, lane, panel.lanes(), from, n0, f, f0, out, o0);
    if (o1 != o0) {
      one(panel, scales, 0, lane, both, n1, f, f1, out, o1);
      one(panel, scales, lane, panel.lanes(), from, n1, f, f1, out, o1);
    }
  }

  /** Two queries by four vectors of lanes, terms {@code from} to {@code to} in whole words. */
  private static void two(
      KvPanel panel,
      float[] scales,
      int lane,
      int from,
      int to,
      float[] f,
      int f0,
      int f1,
      float[] out,
      int o0,
      int o1) {
    MemorySegment s = panel.segment();
    int row = panel.rowBytes();
    long w0 = panel.wordBytes(lane, from);
    long w1 = panel.wordBytes(lane + WIDTH, from);
    long w2 = panel.wordBytes(lane + 2 * WIDTH, from);
    long w3 = panel.wordBytes(lane + 3 * WIDTH, from);
    int n = to - from;
    int g0 = f0 + from;
    int g1 = f1 + from;
    switch (panel.format()) {
      case F32 -> twoOfF32(s, w0, w1, w2, w3, row, f, g0, g1, n, out, o0, o1);
      case BF16 -> twoOfBf16(s, w0, w1, w2, w3, row, f, g0, g1, n, out, o0, o1);
      case Q8 -> {
        if (panel.keys()) {
          twoOfQ8Keys(s, w0, w1, w2, w3, row, scales, lane, f, g0, g1, n, out, o0, o1);
        } else {
          twoOfQ8Values(s, w0, w1, w2, w3, row, scales, lane, f, g0, g1, n, out, o0, o1);
        }
      }
    }
  }

  private static void four(
      MemorySegment segment,
      long w0,
      long w1,
      int row,
      float[] f,
      int f0,
      int f1,
      int f2,
      int f3,
      int terms,
      float[] out,
      int o0,
      int o1,
      int o2,
      int o3) {
    FloatVector a0 = FloatVector.fromArray(Lanes.F32, out, o0);
    FloatVector a1 = FloatVector.fromArray(Lanes.F32, out, o0 + WIDTH);
    FloatVector b0 = FloatVector.fromArray(Lanes.F32, out, o1);
    FloatVector b1 = FloatVector.fromArray(Lanes.F32, out, o1 + WIDTH);
    FloatVector c0 = FloatVector.fromArray(Lanes.F32, out, o2);
    FloatVector c1 = FloatVector.fromArray(Lanes.F32, out, o2 + WIDTH);
    FloatVector d0 = FloatVector.fromArray(Lanes.F32, out, o3);
    FloatVector d1 = FloatVector.fromArray(Lanes.F32, out, o3 + WIDTH);
    long step = w1 - w0;
    for (int t = 0; t < terms; t++) {
      FloatVector v0 = FloatVector.fromMemorySegment(Lanes.F32, segment, w0, LITTLE_ENDIAN);
      FloatVector v1 = FloatVector.fromMemorySegment(Lanes.F32, segment, w0 + step, LITTLE_ENDIAN);
      FloatVector fa = FloatVector.broadcast(Lanes.F32, f[f0 + t]);
      a0 = fa.fma(v0, a0);
      a1 = fa.fma(v1, a1);
      FloatVector fb = FloatVector.broadcast(Lanes.F32, f[f1 + t]);
      b0 = fb.fma(v0, b0);
      b1 = fb.fma(v1, b1);
      FloatVector fc = FloatVector.broadcast(Lanes.F32, f[f2 + t]);
      c0 = fc.fma(v0, c0);
      c1 = fc.fma(v1, c1);
      FloatVector fd = FloatVector.broadcast(Lanes.F32, f[f3 + t]);
      d0 = fd.fma(v0, d0);
      d1 = fd.fma(v1, d1);
      w0 += row;
    }
    a0.intoArray(out, o0);
    a1.intoArray(out, o0 + WIDTH);
    b0.intoArray(out, o1);
    b1.intoArray(out, o1 + WIDTH);
    c0.intoArray(out, o2);
    c1.intoArray(out, o2 + WIDTH);
    d0.intoArray(out, o3);
    d1.intoArray(out, o3 + WIDTH);
  }

  private static void twoOfF32(
      MemorySegment segment,
      long w0,
      long w1,
      long w2,
      long w3,
      int row,
      float[] f,
      int f0,
      int f1,
      int terms,
      float[] out,
      int o0,
      int o1) {
    FloatVector a0 = FloatVector.fromArray(Lanes.F32, out, o0);
    FloatVector a1 = FloatVector.fromArray(Lanes.F32, out, o0 + WIDTH);
    FloatVector a2 = FloatVector.fromArray(Lanes.F32, out, o0 + 2 * WIDTH);
    FloatVector a3 = FloatVector.fromArray(Lanes.F32, out, o0 + 3 * WIDTH);
    FloatVector b0 = FloatVector.fromArray(Lanes.F32, out, o1);
    FloatVector b1 = FloatVector.fromArray(Lanes.F32, out, o1 + WIDTH);
    FloatVector b2 = FloatVector.fromArray(Lanes.F32, out, o1 + 2 * WIDTH);
    FloatVector b3 = FloatVector.fromArray(Lanes.F32, out, o1 + 3 * WIDTH);
    for (int t = 0; t < terms; t++) {
      long at = (long) t * row;
      FloatVector fa = FloatVector.broadcast(Lanes.F32, f[f0 + t]);
      FloatVector fb = FloatVector.broadcast(Lanes.F32, f[f1 + t]);
      FloatVector v = FloatVector.fromMemorySegment(Lanes.F32, segment, w0 + at, LITTLE_ENDIAN);
      a0 = fa.fma(v, a0);
      b0 = fb.fma(v, b0);
      v = FloatVector.fromMemorySegment(Lanes.F32, segment, w1 + at, LITTLE_ENDIAN);
      a1 = fa.fma(v, a1);
      b1 = fb.fma(v, b1);
      v = FloatVector.fromMemorySegment(Lanes.F32, segment, w2 + at, LITTLE_ENDIAN);
      a2 = fa.fma(v, a2);
      b2 = fb.fma(v, b2);
      v = FloatVector.fromMemorySegment(Lanes.F32, segment, w3 + at, LITTLE_ENDIAN);
      a3 = fa.fma(v, a3);
      b3 = fb.fma(v, b3);
    }
    a0.intoArray(out, o0);
    a1.intoArray(out, o0 + WIDTH);
    a2.intoArray(out, o0 + 2 * WIDTH);
    a3.intoArray(out, o0 + 3 * WIDTH);
    b0.intoArray(out, o1);
    b1.intoArray(out, o1 + WIDTH);
    b2.intoArray(out, o1 + 2 * WIDTH);
    b3.intoArray(out, o1 + 3 * WIDTH);
  }

  /** {@link #twoOfF32} for words that hold two terms; {@code terms} is even. */
  private static void twoOfBf16(
      MemorySegment segment,
      long w0,
      long w1,
      long w2,
      long w3,
      int row,
      float[] f,
      int f0,
      int f1,
      int terms,
      float[] out,
      int o0,
      int o1) {
    FloatVector a0 = FloatVector.fromArray(Lanes.F32, out, o0);
    FloatVector a1 = FloatVector.fromArray(Lanes.F32, out, o0 + WIDTH);
    FloatVector a2 = FloatVector.fromArray(Lanes.F32, out, o0 + 2 * WIDTH);
    FloatVector a3 = FloatVector.fromArray(Lanes.F32, out, o0 + 3 * WIDTH);
    FloatVector b0 = FloatVector.fromArray(Lanes.F32, out, o1);
    FloatVector b1 = FloatVector.fromArray(Lanes.F32, out, o1 + WIDTH);
    FloatVector b2 = FloatVector.fromArray(Lanes.F32, out, o1 + 2 * WIDTH);
    FloatVector b3 = FloatVector.fromArray(Lanes.F32, out, o1 + 3 * WIDTH);
    for (int t = 0; t < terms; t += 2) {
      long at = (long) t / 2 * row;
      FloatVector fa = FloatVector.broadcast(Lanes.F32, f[f0 + t]);
      FloatVector fb = FloatVector.broadcast(Lanes.F32, f[f1 + t]);
      FloatVector ga = FloatVector.broadcast(Lanes.F32, f[f0 + t + 1]);
      FloatVector gb = FloatVector.broadcast(Lanes.F32, f[f1 + t + 1]);
      IntVector words = IntVector.fromMemorySegment(Lanes.I32, segment, w0 + at, LITTLE_ENDIAN);
      FloatVector v = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a0 = fa.fma(v, a0);
      b0 = fb.fma(v, b0);
      v = words.and(UPPER_HALF).reinterpretAsFloats();
      a0 = ga.fma(v, a0);
      b0 = gb.fma(v, b0);
      words = IntVector.fromMemorySegment(Lanes.I32, segment, w1 + at, LITTLE_ENDIAN);
      v = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a1 = fa.fma(v, a1);
      b1 = fb.fma(v, b1);
      v = words.and(UPPER_HALF).reinterpretAsFloats();
      a1 = ga.fma(v, a1);
      b1 = gb.fma(v, b1);
      words = IntVector.fromMemorySegment(Lanes.I32, segment, w2 + at, LITTLE_ENDIAN);
      v = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a2 = fa.fma(v, a2);
      b2 = fb.fma(v, b2);
      v = words.and(UPPER_HALF).reinterpretAsFloats();
      a2 = ga.fma(v, a2);
      b2 = gb.fma(v, b2);
      words = IntVector.fromMemorySegment(Lanes.I32, segment, w3 + at, LITTLE_ENDIAN);
      v = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a3 = fa.fma(v, a3);
      b3 = fb.fma(v, b3);
      v = words.and(UPPER_HALF).reinterpretAsFloats();
      a3 = ga.fma(v, a3);
      b3 = gb.fma(v, b3);
    }
    a0.intoArray(out, o0);
    a1.intoArray(out, o0 + WIDTH);
    a2.intoArray(out, o0 + 2 * WIDTH);
    a3.intoArray(out, o0 + 3 * WIDTH);
    b0.intoArray(out, o1);
    b1.intoArray(out, o1 + WIDTH);
    b2.intoArray(out, o1 + 2 * WIDTH);
    b3.intoArray(out, o1 + 3 * WIDTH);
  }

  /**
   * {@link #twoOfF32} for keys in words that hold four terms; {@code terms} is a multiple of four.
   */
  private static void twoOfQ8Keys(
      MemorySegment segment,
      long w0,
      long w1,
      long w2,
      long w3,
      int row,
      float[] scales,
      int lane,
      float[] f,
      int f0,
      int f1,
      int terms,
      float[] out,
      int o0,
      int o1) {
    FloatVector a0 = FloatVector.fromArray(Lanes.F32, out, o0);
    FloatVector a1 = FloatVector.fromArray(Lanes.F32, out, o0 + WIDTH);
    FloatVector a2 = FloatVector.fromArray(Lanes.F32, out, o0 + 2 * WIDTH);
    FloatVector a3 = FloatVector.fromArray(Lanes.F32, out, o0 + 3 * WIDTH);
    FloatVector b0 = FloatVector.fromArray(Lanes.F32, out, o1);
    FloatVector b1 = FloatVector.fromArray(Lanes.F32, out, o1 + WIDTH);
    FloatVector b2 = FloatVector.fromArray(Lanes.F32, out, o1 + 2 * WIDTH);
    FloatVector b3 = FloatVector.fromArray(Lanes.F32, out, o1 + 3 * WIDTH);
    for (int run = 0; run < terms; run += RUN) {
      int s = run / RUN * BLOCK + lane;
      FloatVector s0 = FloatVector.fromArray(Lanes.F32, scales, s);
      FloatVector s1 = FloatVector.fromArray(Lanes.F32, scales, s + WIDTH);
      FloatVector s2 = FloatVector.fromArray(Lanes.F32, scales, s + 2 * WIDTH);
      FloatVector s3 = FloatVector.fromArray(Lanes.F32, scales, s + 3 * WIDTH);
      int end = Math.min(run + RUN, terms);
      for (int t = run; t < end; t += 4) {
        long at = (long) t / 4 * row;
        IntVector k0 = IntVector.fromMemorySegment(Lanes.I32, segment, w0 + at, LITTLE_ENDIAN);
        IntVector k1 = IntVector.fromMemorySegment(Lanes.I32, segment, w1 + at, LITTLE_ENDIAN);
        IntVector k2 = IntVector.fromMemorySegment(Lanes.I32, segment, w2 + at, LITTLE_ENDIAN);
        IntVector k3 = IntVector.fromMemorySegment(Lanes.I32, segment, w3 + at, LITTLE_ENDIAN);
        FloatVector fa = FloatVector.broadcast(Lanes.F32, f[f0 + t]);
        FloatVector fb = FloatVector.broadcast(Lanes.F32, f[f1 + t]);
        FloatVector v =
            ((FloatVector) k0.lanewise(VectorOperators.LSHL, 24).convert(VectorOperators.I2F, 0))
                .mul(s0);
        a0 = fa.fma(v, a0);
        b0 = fb.fma(v, b0);
        v =
            ((FloatVector) k1.lanewise(VectorOperators.LSHL, 24).convert(VectorOperators.I2F, 0))
                .mul(s1);
        a1 = fa.fma(v, a1);
        b1 = fb.fma(v, b1);
        v =
            ((FloatVector) k2.lanewise(VectorOperators.LSHL, 24).convert(VectorOperators.I2F, 0))
                .mul(s2);
        a2 = fa.fma(v, a2);
        b2 = fb.fma(v, b2);
        v =
            ((FloatVector) k3.lanewise(VectorOperators.LSHL, 24).convert(VectorOperators.I2F, 0))
                .mul(s3);
        a3 = fa.fma(v, a3);
        b3 = fb.fma(v, b3);
        fa = FloatVector.broadcast(Lanes.F32, f[f0 + t + 1]);
        fb = FloatVector.broadcast(Lanes.F32, f[f1 + t + 1]);
        v =
            ((FloatVector)
                    k0.lanewise(VectorOperators.LSHL, 16)
                        .and(UPPER_BYTE)
                        .convert(VectorOperators.I2F, 0))
                .mul(s0);
        a0 = fa.fma(v, a0);
        b0 = fb.fma(v, b0);
        v =
            ((FloatVector)
                    k1.lanewise(VectorOperators.LSHL, 16)
                        .and(UPPER_BYTE)
                        .convert(VectorOperators.I2F, 0))
                .mul(s1);
        a1 = fa.fma(v, a1);
        b1 = fb.fma(v, b1);
        v =
            ((FloatVector)
                    k2.lanewise(VectorOperators.LSHL, 16)
                        .and(UPPER_BYTE)
                        .convert(VectorOperators.I2F, 0))
                .mul(s2);
        a2 = fa.fma(v, a2);
        b2 = fb.fma(v, b2);
        v =
            ((FloatVector)
                    k3.lanewise(VectorOperators.LSHL, 16)
                        .and(UPPER_BYTE)
                        .convert(VectorOperators.I2F, 0))
                .mul(s3);
        a3 = fa.fma(v, a3);
        b3 = fb.fma(v, b3);
        fa = FloatVector.broadcast(Lanes.F32, f[f0 + t + 2]);
        fb = FloatVector.broadcast(Lanes.F32, f[f1 + t + 2]);
        v =
            ((FloatVector)
                    k0.lanewise(VectorOperators.LSHL, 8)
                        .and(UPPER_BYTE)
                        .convert(VectorOperators.I2F, 0))
                .mul(s0);
        a0 = fa.fma(v, a0);
        b0 = fb.fma(v, b0);
        v =
            ((FloatVector)
                    k1.lanewise(VectorOperators.LSHL, 8)
                        .and(UPPER_BYTE)
                        .convert(VectorOperators.I2F, 0))
                .mul(s1);
        a1 = fa.fma(v, a1);
        b1 = fb.fma(v, b1);
        v =
            ((FloatVector)
                    k2.lanewise(VectorOperators.LSHL, 8)
                        .and(UPPER_BYTE)
                        .convert(VectorOperators.I2F, 0))
                .mul(s2);
        a2 = fa.fma(v, a2);
        b2 = fb.fma(v, b2);
        v =
            ((FloatVector)
                    k3.lanewise(VectorOperators.LSHL, 8)
                        .and(UPPER_BYTE)
                        .convert(VectorOperators.I2F, 0))
                .mul(s3);
        a3 = fa.fma(v, a3);
        b3 = fb.fma(v, b3);
        fa = FloatVector.broadcast(Lanes.F32, f[f0 + t + 3]);
        fb = FloatVector.broadcast(Lanes.F32, f[f1 + t + 3]);
        v = ((FloatVector) k0.and(UPPER_BYTE).convert(VectorOperators.I2F, 0)).mul(s0);
        a0 = fa.fma(v, a0);
        b0 = fb.fma(v, b0);
        v = ((FloatVector) k1.and(UPPER_BYTE).convert(VectorOperators.I2F, 0)).mul(s1);
        a1 = fa.fma(v, a1);
        b1 = fb.fma(v, b1);
        v = ((FloatVector) k2.and(UPPER_BYTE).convert(VectorOperators.I2F, 0)).mul(s2);
        a2 = fa.fma(v, a2);
        b2 = fb.fma(v, b2);
        v = ((FloatVector) k3.and(UPPER_BYTE).convert(VectorOperators.I2F, 0)).mul(s3);
        a3 = fa.fma(v, a3);
        b3 = fb.fma(v, b3);
      }
    }
    a0.intoArray(out, o0);
    a1.intoArray(out, o0 + WIDTH);
    a2.intoArray(out, o0 + 2 * WIDTH);
    a3.intoArray(out, o0 + 3 * WIDTH);
    b0.intoArray(out, o1);
    b1.intoArray(out, o1 + WIDTH);
    b2.intoArray(out, o1 + 2 * WIDTH);
    b3.intoArray(out, o1 + 3 * WIDTH);
  }

  /**
   * {@link #twoOfF32} for values in words that hold four terms; {@code terms} is a multiple of
   * four.
   */
  private static void twoOfQ8Values(
      MemorySegment segment,
      long w0,
      long w1,
      long w2,
      long w3,
      int row,
      float[] scales,
      int lane,
      float[] f,
      int f0,
      int f1,
      int terms,
      float[] out,
      int o0,
      int o1) {
    FloatVector a0 = FloatVector.fromArray(Lanes.F32, out, o0);
    FloatVector a1 = FloatVector.fromArray(Lanes.F32, out, o0 + WIDTH);
    FloatVector a2 = FloatVector.fromArray(Lanes.F32, out, o0 + 2 * WIDTH);
    FloatVector a3 = FloatVector.fromArray(Lanes.F32, out, o0 + 3 * WIDTH);
    FloatVector b0 = FloatVector.fromArray(Lanes.F32, out, o1);
    FloatVector b1 = FloatVector.fromArray(Lanes.F32, out, o1 + WIDTH);
    FloatVector b2 = FloatVector.fromArray(Lanes.F32, out, o1 + 2 * WIDTH);
    FloatVector b3 = FloatVector.fromArray(Lanes.F32, out, o1 + 3 * WIDTH);
    int low = lane / RUN * BLOCK;
    int high = (lane + TWO) / RUN * BLOCK; // four vectors of 16 lanes are two runs
    for (int t = 0; t < terms; t += 4) {
      long at = (long) t / 4 * row;
      IntVector k0 = IntVector.fromMemorySegment(Lanes.I32, segment, w0 + at, LITTLE_ENDIAN);
      IntVector k1 = IntVector.fromMemorySegment(Lanes.I32, segment, w1 + at, LITTLE_ENDIAN);
      IntVector k2 = IntVector.fromMemorySegment(Lanes.I32, segment, w2 + at, LITTLE_ENDIAN);
      IntVector k3 = IntVector.fromMemorySegment(Lanes.I32, segment, w3 + at, LITTLE_ENDIAN);
      FloatVector fa = FloatVector.broadcast(Lanes.F32, f[f0 + t]);
      FloatVector fb = FloatVector.broadcast(Lanes.F32, f[f1 + t]);
      FloatVector sLow = FloatVector.broadcast(Lanes.F32, scales[low + t]);
      FloatVector sHigh = FloatVector.broadcast(Lanes.F32, scales[high + t]);
      FloatVector v =
          ((FloatVector) k0.lanewise(VectorOperators.LSHL, 24).convert(VectorOperators.I2F, 0))
              .mul(sLow);
      a0 = fa.fma(v, a0);
      b0 = fb.fma(v, b0);
      v =
          ((FloatVector) k1.lanewise(VectorOperators.LSHL, 24).convert(VectorOperators.I2F, 0))
              .mul(sLow);
      a1 = fa.fma(v, a1);
      b1 = fb.fma(v, b1);
      v =
          ((FloatVector) k2.lanewise(VectorOperators.LSHL, 24).convert(VectorOperators.I2F, 0))
              .mul(sHigh);
      a2 = fa.fma(v, a2);
      b2 = fb.fma(v, b2);
      v =
          ((FloatVector) k3.lanewise(VectorOperators.LSHL, 24).convert(VectorOperators.I2F, 0))
              .mul(sHigh);
      a3 = fa.fma(v, a3);
      b3 = fb.fma(v, b3);
      fa = FloatVector.broadcast(Lanes.F32, f[f0 + t + 1]);
      fb = FloatVector.broadcast(Lanes.F32, f[f1 + t + 1]);
      sLow = FloatVector.broadcast(Lanes.F32, scales[low + t + 1]);
      sHigh = FloatVector.broadcast(Lanes.F32, scales[high + t + 1]);
      v =
          ((FloatVector)
                  k0.lanewise(VectorOperators.LSHL, 16)
                      .and(UPPER_BYTE)
                      .convert(VectorOperators.I2F, 0))
              .mul(sLow);
      a0 = fa.fma(v, a0);
      b0 = fb.fma(v, b0);
      v =
          ((FloatVector)
                  k1.lanewise(VectorOperators.LSHL, 16)
                      .and(UPPER_BYTE)
                      .convert(VectorOperators.I2F, 0))
              .mul(sLow);
      a1 = fa.fma(v, a1);
      b1 = fb.fma(v, b1);
      v =
          ((FloatVector)
                  k2.lanewise(VectorOperators.LSHL, 16)
                      .and(UPPER_BYTE)
                      .convert(VectorOperators.I2F, 0))
              .mul(sHigh);
      a2 = fa.fma(v, a2);
      b2 = fb.fma(v, b2);
      v =
          ((FloatVector)
                  k3.lanewise(VectorOperators.LSHL, 16)
                      .and(UPPER_BYTE)
                      .convert(VectorOperators.I2F, 0))
              .mul(sHigh);
      a3 = fa.fma(v, a3);
      b3 = fb.fma(v, b3);
      fa = FloatVector.broadcast(Lanes.F32, f[f0 + t + 2]);
      fb = FloatVector.broadcast(Lanes.F32, f[f1 + t + 2]);
      sLow = FloatVector.broadcast(Lanes.F32, scales[low + t + 2]);
      sHigh = FloatVector.broadcast(Lanes.F32, scales[high + t + 2]);
      v =
          ((FloatVector)
                  k0.lanewise(VectorOperators.LSHL, 8)
                      .and(UPPER_BYTE)
                      .convert(VectorOperators.I2F, 0))
              .mul(sLow);
      a0 = fa.fma(v, a0);
      b0 = fb.fma(v, b0);
      v =
          ((FloatVector)
                  k1.lanewise(VectorOperators.LSHL, 8)
                      .and(UPPER_BYTE)
                      .convert(VectorOperators.I2F, 0))
              .mul(sLow);
      a1 = fa.fma(v, a1);
      b1 = fb.fma(v, b1);
      v =
          ((FloatVector)
                  k2.lanewise(VectorOperators.LSHL, 8)
                      .and(UPPER_BYTE)
                      .convert(VectorOperators.I2F, 0))
              .mul(sHigh);
      a2 = fa.fma(v, a2);
      b2 = fb.fma(v, b2);
      v =
          ((FloatVector)
                  k3.lanewise(VectorOperators.LSHL, 8)
                      .and(UPPER_BYTE)
                      .convert(VectorOperators.I2F, 0))
              .mul(sHigh);
      a3 = fa.fma(v, a3);
      b3 = fb.fma(v, b3);
      fa = FloatVector.broadcast(Lanes.F32, f[f0 + t + 3]);
      fb = FloatVector.broadcast(Lanes.F32, f[f1 + t + 3]);
      sLow = FloatVector.broadcast(Lanes.F32, scales[low + t + 3]);
      sHigh = FloatVector.broadcast(Lanes.F32, scales[high + t + 3]);
      v = ((FloatVector) k0.and(UPPER_BYTE).convert(VectorOperators.I2F, 0)).mul(sLow);
      a0 = fa.fma(v, a0);
      b0 = fb.fma(v, b0);
      v = ((FloatVector) k1.and(UPPER_BYTE).convert(VectorOperators.I2F, 0)).mul(sLow);
      a1 = fa.fma(v, a1);
      b1 = fb.fma(v, b1);
      v = ((FloatVector) k2.and(UPPER_BYTE).convert(VectorOperators.I2F, 0)).mul(sHigh);
      a2 = fa.fma(v, a2);
      b2 = fb.fma(v, b2);
      v = ((FloatVector) k3.and(UPPER_BYTE).convert(VectorOperators.I2F, 0)).mul(sHigh);
      a3 = fa.fma(v, a3);
      b3 = fb.fma(v, b3);
    }
    a0.intoArray(out, o0);
    a1.intoArray(out, o0 + WIDTH);
    a2.intoArray(out, o0 + 2 * WIDTH);
    a3.intoArray(out, o0 + 3 * WIDTH);
    b0.intoArray(out, o1);
    b1.intoArray(out, o1 + WIDTH);
    b2.intoArray(out, o1 + 2 * WIDTH);
    b3.intoArray(out, o1 + 3 * WIDTH);
  }

  /** One query, one vector of lanes after the other: what is left at the ends. */
  private static void one(
      KvPanel panel,
      float[] scales,
      int fromLane,
      int toLane,
      int from,
      int to,
      float[] f,
      int at,
      float[] out,
      int o) {
    if (from == to) {
      return;
    }
    for (int lane = fromLane; lane < toLane; lane += WIDTH) {
      FloatVector sum = FloatVector.fromArray(Lanes.F32, out, o + lane);
      for (int t = from; t < to; t++) {
        FloatVector factor = FloatVector.broadcast(Lanes.F32, f[at + t]);
        sum = factor.fma(KvWiden.numbers(panel, scales, lane, t), sum);
      }
      sum.intoArray(out, o + lane);
    }
  }
}
