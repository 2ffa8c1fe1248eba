package io.github.nextclass.engine.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The two products of attention with a block of the KV cache. Four queries go together: a vector of
 * keys or values is loaded once for four multiply-adds, and 16 sums stay in registers. Queries that
 * are left over go one by one.
 */
final class AttentionKernel {
  private static final int BLOCK = Primitives.BLOCK;
  private static final int WIDTH = Lanes.WIDTH;
  private static final int SPAN = 4 * WIDTH;
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
    for (int p = 0; p < BLOCK; p += SPAN) {
      int i = 0;
      for (; i <= queries.count() - 4; i += 4) {
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
      for (; i < queries.count(); i++) {
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
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector c2 = a0;
    FloatVector c3 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    FloatVector d2 = a0;
    FloatVector d3 = a0;
    for (int d = 0; d < headDim; d++) {
      FloatVector k0 = load(k, row);
      FloatVector k1 = load(k, row + VECTOR_BYTES);
      FloatVector k2 = load(k, row + 2 * VECTOR_BYTES);
      FloatVector k3 = load(k, row + 3 * VECTOR_BYTES);
      FloatVector qa = FloatVector.broadcast(Lanes.F32, q[q0 + d]);
      a0 = qa.fma(k0, a0);
      a1 = qa.fma(k1, a1);
      a2 = qa.fma(k2, a2);
      a3 = qa.fma(k3, a3);
      FloatVector qb = FloatVector.broadcast(Lanes.F32, q[q1 + d]);
      b0 = qb.fma(k0, b0);
      b1 = qb.fma(k1, b1);
      b2 = qb.fma(k2, b2);
      b3 = qb.fma(k3, b3);
      FloatVector qc = FloatVector.broadcast(Lanes.F32, q[q2 + d]);
      c0 = qc.fma(k0, c0);
      c1 = qc.fma(k1, c1);
      c2 = qc.fma(k2, c2);
      c3 = qc.fma(k3, c3);
      FloatVector qd = FloatVector.broadcast(Lanes.F32, q[q3 + d]);
      d0 = qd.fma(k0, d0);
      d1 = qd.fma(k1, d1);
      d2 = qd.fma(k2, d2);
      d3 = qd.fma(k3, d3);
      row += 4L * BLOCK;
    }
    store(a0, a1, a2, a3, scores, at);
    store(b0, b1, b2, b3, scores, at + stride);
    store(c0, c1, c2, c3, scores, at + 2 * stride);
    store(d0, d1, d2, d3, scores, at + 3 * stride);
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
      int all = headDim % SPAN == 0 ? queries.visible(i, at) : 0; // what all four see
      for (int d = 0; d < headDim && all > 0; d += SPAN) {
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
    FloatVector a2 = FloatVector.fromArray(Lanes.F32, out, o0 + 2 * WIDTH);
    FloatVector a3 = FloatVector.fromArray(Lanes.F32, out, o0 + 3 * WIDTH);
    FloatVector b0 = FloatVector.fromArray(Lanes.F32, out, o1);
    FloatVector b1 = FloatVector.fromArray(Lanes.F32, out, o1 + WIDTH);
    FloatVector b2 = FloatVector.fromArray(Lanes.F32, out, o1 + 2 * WIDTH);
    FloatVector b3 = FloatVector.fromArray(Lanes.F32, out, o1 + 3 * WIDTH);
    FloatVector c0 = FloatVector.fromArray(Lanes.F32, out, o2);
    FloatVector c1 = FloatVector.fromArray(Lanes.F32, out, o2 + WIDTH);
    FloatVector c2 = FloatVector.fromArray(Lanes.F32, out, o2 + 2 * WIDTH);
    FloatVector c3 = FloatVector.fromArray(Lanes.F32, out, o2 + 3 * WIDTH);
    FloatVector d0 = FloatVector.fromArray(Lanes.F32, out, o3);
    FloatVector d1 = FloatVector.fromArray(Lanes.F32, out, o3 + WIDTH);
    FloatVector d2 = FloatVector.fromArray(Lanes.F32, out, o3 + 2 * WIDTH);
    FloatVector d3 = FloatVector.fromArray(Lanes.F32, out, o3 + 3 * WIDTH);
    for (int p = at; p < at + count; p++) {
      FloatVector v0 = load(v, row);
      FloatVector v1 = load(v, row + VECTOR_BYTES);
      FloatVector v2 = load(v, row + 2 * VECTOR_BYTES);
      FloatVector v3 = load(v, row + 3 * VECTOR_BYTES);
      FloatVector pa = FloatVector.broadcast(Lanes.F32, probs[p]);
      a0 = pa.fma(v0, a0);
      a1 = pa.fma(v1, a1);
      a2 = pa.fma(v2, a2);
      a3 = pa.fma(v3, a3);
      FloatVector pb = FloatVector.broadcast(Lanes.F32, probs[p + stride]);
      b0 = pb.fma(v0, b0);
      b1 = pb.fma(v1, b1);
      b2 = pb.fma(v2, b2);
      b3 = pb.fma(v3, b3);
      FloatVector pc = FloatVector.broadcast(Lanes.F32, probs[p + 2 * stride]);
      c0 = pc.fma(v0, c0);
      c1 = pc.fma(v1, c1);
      c2 = pc.fma(v2, c2);
      c3 = pc.fma(v3, c3);
      FloatVector pd = FloatVector.broadcast(Lanes.F32, probs[p + 3 * stride]);
      d0 = pd.fma(v0, d0);
      d1 = pd.fma(v1, d1);
      d2 = pd.fma(v2, d2);
      d3 = pd.fma(v3, d3);
      row += 4L * headDim;
    }
    store(a0, a1, a2, a3, out, o0);
    store(b0, b1, b2, b3, out, o1);
    store(c0, c1, c2, c3, out, o2);
    store(d0, d1, d2, d3, out, o3);
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
}
