package io.github.nextclass.engine.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The two products of attention with a block of the KV cache. Four queries go together: a vector of
 * keys or values is loaded once for four multiply-adds, and 8 sums stay in registers. With 16 of
 * them the methods left the JIT's inlining budget. Queries that are left over go one by one.
 */
final class AttentionKernel {
  private static final int BLOCK = Primitives.BLOCK;
  private static final int WIDTH = Lanes.WIDTH;
  private static final int SPAN = 4 * WIDTH; // of one query: four sums hide the latency
  private static final int PAIR = 2 * WIDTH; // of four queries
  private static final long VECTOR_BYTES = 4L * WIDTH;

  private AttentionKernel() {}

  /** See {@link Primitives#scores}. */
  static void scores(
      MemorySegment k,
      float[] q,
      Queries queries,
      int headDim,
      float[] scores,
      int at,
      int stride) {
    int i = 0;
    for (; i <= queries.count() - 4; i += 4) {
      for (int p = 0; p < BLOCK; p += PAIR) {
        scores4(
            k,
            4L * p,
            q,
            queries.offset(i),
            queries.offset(i + 1),
            queries.offset(i + 2),
            queries.offset(i + 3),
            headDim,
            scores,
            at + p + i * stride,
            stride);
      }
    }
    for (; i < queries.count(); i++) {
      for (int p = 0; p < BLOCK; p += SPAN) {
        scores1(k, 4L * p, q, queries.offset(i), headDim, scores, at + p + i * stride);
      }
    }
  }

  private static void scores1(
      MemorySegment k, long row, float[] q, int offset, int headDim, float[] scores, int at) {
    FloatVector s0 = FloatVector.zero(Lanes.F32);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    for (int d = 0; d < headDim; d++) {
      FloatVector qd = FloatVector.broadcast(Lanes.F32, q[offset + d]);
      s0 = qd.fma(load(k, row), s0);
      s1 = qd.fma(load(k, row + VECTOR_BYTES), s1);
      s2 = qd.fma(load(k, row + 2 * VECTOR_BYTES), s2);
      s3 = qd.fma(load(k, row + 3 * VECTOR_BYTES), s3);
      row += 4L * BLOCK;
    }
    store(s0, s1, s2, s3, scores, at);
  }

  private static void scores4(
      MemorySegment k,
      long row,
      float[] q,
      int q0,
      int q1,
      int q2,
      int q3,
      int headDim,
      float[] scores,
      int at,
      int stride) {
    FloatVector a0 = FloatVector.zero(Lanes.F32);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    for (int d = 0; d < headDim; d++) {
      FloatVector k0 = load(k, row);
      FloatVector k1 = load(k, row + VECTOR_BYTES);
      FloatVector qa = FloatVector.broadcast(Lanes.F32, q[q0 + d]);
      a0 = qa.fma(k0, a0);
      a1 = qa.fma(k1, a1);
      FloatVector qb = FloatVector.broadcast(Lanes.F32, q[q1 + d]);
      b0 = qb.fma(k0, b0);
      b1 = qb.fma(k1, b1);
      FloatVector qc = FloatVector.broadcast(Lanes.F32, q[q2 + d]);
      c0 = qc.fma(k0, c0);
      c1 = qc.fma(k1, c1);
      FloatVector qd = FloatVector.broadcast(Lanes.F32, q[q3 + d]);
      d0 = qd.fma(k0, d0);
      d1 = qd.fma(k1, d1);
      row += 4L * BLOCK;
    }
    store(a0, a1, scores, at);
    store(b0, b1, scores, at + stride);
    store(c0, c1, scores, at + 2 * stride);
    store(d0, d1, scores, at + 3 * stride);
  }

  /** See {@link Primitives#weightedSum}. */
  static void weightedSum(
      MemorySegment v,
      float[] probs,
      int at,
      int stride,
      Queries queries,
      float[] out,
      int headDim) {
    int i = 0;
    for (; i <= queries.count() - 4; i += 4) {
      int all = headDim % PAIR == 0 ? queries.visible(i, at) : 0; // what all four see
      for (int d = 0; d < headDim && all > 0; d += PAIR) {
        sums4(
            v,
            4L * d,
            headDim,
            probs,
            at + i * stride,
            stride,
            all,
            out,
            queries.offset(i) + d,
            queries.offset(i + 1) + d,
            queries.offset(i + 2) + d,
            queries.offset(i + 3) + d);
      }
      for (int j = i; j < i + 4; j++) {
        sum(
            v,
            headDim,
            probs,
            at + j * stride,
            all,
            queries.visible(j, at),
            out,
            queries.offset(j));
      }
    }
    for (; i < queries.count(); i++) {
      sum(v, headDim, probs, at + i * stride, 0, queries.visible(i, at), out, queries.offset(i));
    }
  }

  /** One query, positions {@code from} to {@code to} of the block. */
  private static void sum(
      MemorySegment v, int headDim, float[] probs, int at, int from, int to, float[] out, int o) {
    if (from == to) {
      return;
    }
    int d = 0;
    for (; d <= headDim - SPAN; d += SPAN) {
      sum4(v, 4L * d, headDim, probs, at, from, to, out, o + d);
    }
    for (; d < headDim; d += WIDTH) {
      FloatVector sum = FloatVector.fromArray(Lanes.F32, out, o + d);
      for (int p = from; p < to; p++) {
        FloatVector prob = FloatVector.broadcast(Lanes.F32, probs[at + p]);
        sum = prob.fma(load(v, 4L * (p * headDim + d)), sum);
      }
      sum.intoArray(out, o + d);
    }
  }

  /** Four vectors side by side: four sums in flight hide the latency of the multiply-add. */
  private static void sum4(
      MemorySegment v,
      long column,
      int headDim,
      float[] probs,
      int at,
      int from,
      int to,
      float[] out,
      int o) {
    FloatVector s0 = FloatVector.fromArray(Lanes.F32, out, o);
    FloatVector s1 = FloatVector.fromArray(Lanes.F32, out, o + WIDTH);
    FloatVector s2 = FloatVector.fromArray(Lanes.F32, out, o + 2 * WIDTH);
    FloatVector s3 = FloatVector.fromArray(Lanes.F32, out, o + 3 * WIDTH);
    long row = column + 4L * from * headDim;
    for (int p = from; p < to; p++) {
      FloatVector prob = FloatVector.broadcast(Lanes.F32, probs[at + p]);
      s0 = prob.fma(load(v, row), s0);
      s1 = prob.fma(load(v, row + VECTOR_BYTES), s1);
      s2 = prob.fma(load(v, row + 2 * VECTOR_BYTES), s2);
      s3 = prob.fma(load(v, row + 3 * VECTOR_BYTES), s3);
      row += 4L * headDim;
    }
    store(s0, s1, s2, s3, out, o);
  }

  private static void sums4(
      MemorySegment v,
      long row,
      int headDim,
      float[] probs,
      int at,
      int stride,
      int count,
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
    for (int p = at; p < at + count; p++) {
      FloatVector v0 = load(v, row);
      FloatVector v1 = load(v, row + VECTOR_BYTES);
      FloatVector pa = FloatVector.broadcast(Lanes.F32, probs[p]);
      a0 = pa.fma(v0, a0);
      a1 = pa.fma(v1, a1);
      FloatVector pb = FloatVector.broadcast(Lanes.F32, probs[p + stride]);
      b0 = pb.fma(v0, b0);
      b1 = pb.fma(v1, b1);
      FloatVector pc = FloatVector.broadcast(Lanes.F32, probs[p + 2 * stride]);
      c0 = pc.fma(v0, c0);
      c1 = pc.fma(v1, c1);
      FloatVector pd = FloatVector.broadcast(Lanes.F32, probs[p + 3 * stride]);
      d0 = pd.fma(v0, d0);
      d1 = pd.fma(v1, d1);
      row += 4L * headDim;
    }
    store(a0, a1, out, o0);
    store(b0, b1, out, o1);
    store(c0, c1, out, o2);
    store(d0, d1, out, o3);
  }

  private static FloatVector load(MemorySegment segment, long offsetBytes) {
    return FloatVector.fromMemorySegment(Lanes.F32, segment, offsetBytes, LITTLE_ENDIAN);
  }

  private static void store(
      FloatVector s0, FloatVector s1, FloatVector s2, FloatVector s3, float[] out, int at) {
    s0.intoArray(out, at);
    s1.intoArray(out, at + WIDTH);
    s2.intoArray(out, at + 2 * WIDTH);
    s3.intoArray(out, at + 3 * WIDTH);
  }

  private static void store(FloatVector s0, FloatVector s1, float[] out, int at) {
    s0.intoArray(out, at);
    s1.intoArray(out, at + WIDTH);
  }
}
