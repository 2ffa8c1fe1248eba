package io.github.nextclass.engine.cpu;

import io.github.nextclass.safetensors.DType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link ScalarPrimitives} with the Vector API, to the same bits. The 16 lanes of {@link Lane} are
 * one vector of 512 bits, two of 256 or four of 128; one text serves all, and where a vector is
 * narrower a loop over {@link #WIDTH} goes round more often. Rows are multiples of 64 weights, so
 * no loop has a tail.
 */
final class VectorPrimitives implements Primitives {
  static final VectorSpecies<Float> F32 = Lanes.F32;
  static final int WIDTH = Lanes.WIDTH;

  @Override
  public String description() {
    return "Vector API, " + F32.vectorBitSize() + " bits";
  }

  @Override
  public BlockKernels blockKernels() {
    return new VectorBlockKernels();
  }

  @Override
  public int rowsTogether() {
    return Panel.ROWS;
  }

  // ------------------------------------------------------------------ weights to floats

  @Override
  public void widen(CpuMatrix weight, int row, float[] out, int outOffset) {
    Widen.row(weight, row, out, outOffset);
    for (int block = outOffset; block < outOffset + weight.columns(); block += Lane.PERIOD) {
      interleave(out, block);
    }
  }

  /**
   * From even weights and then odd ones, which is how the kernels want them, to their own order.
   */
  private static void interleave(float[] x, int at) {
    float[] pairs = new float[Lane.PERIOD];
    for (int i = 0; i < Lane.COUNT; i++) {
      pairs[2 * i] = x[at + i];
      pairs[2 * i + 1] = x[at + Lane.COUNT + i];
    }
    System.arraycopy(pairs, 0, x, at, Lane.PERIOD);
  }

  // ------------------------------------------------------------------ linear layers

  @Override
  public int packedPieces(int tokens) {
    return tokens <= FEW_TOKENS ? tokens : MatrixKernel.tiles(tokens);
  }

  @Override
  public int packedLength(int tokens, int columns) {
    return tokens <= FEW_TOKENS
        ? RowKernel.room(tokens) * columns
        : Math.multiplyExact(MatrixKernel.tiles(tokens), MatrixKernel.tileLength(columns));
  }

  @Override
  public void pack(float[] x, int tokens, int columns, int from, int to, float[] packed) {
    for (int i = from; i < to; i++) {
      if (tokens <= FEW_TOKENS) {
        RowKernel.packToken(x, tokens, columns, i, packed);
      } else {
        MatrixKernel.packTile(x, tokens, columns, i, packed);
      }
    }
  }

  @Override
  public void linear(
      CpuMatrix w, int from, int to, float[] packed, int tokens, float[] out, Scratch scratch) {
    if (tokens > FEW_TOKENS) {
      MatrixKernel.run(w, from, to, packed, tokens, out, scratch);
    } else if (w instanceof CpuWeight floats && floats.dtype() == DType.BF16) {
      if (tokens == 1) {
        Bf16RowKernel.runOne(floats, from, to, packed, out, scratch);
      } else {
        Bf16RowKernel.runFew(floats, from, to, packed, tokens, out, scratch);
      }
    } else {
      RowKernel.run(w, from, to, packed, tokens, out, scratch);
    }
  }

  // ------------------------------------------------------------------ small operations

  @Override
  public float sumOfSquares(float[] x, int offset, int n) {
    float[] sums = new float[Lane.COUNT];
    int whole = n - n % Lane.COUNT;
    for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
      FloatVector sum = FloatVector.zero(F32);
      for (int i = lane; i < whole; i += Lane.COUNT) {
        FloatVector v = FloatVector.fromArray(F32, x, offset + i);
        sum = v.fma(v, sum);
      }
      sum.intoArray(sums, lane);
    }
    return Lane.sum(sums, 0);
  }

  @Override
  public void scale(float[] x, int offset, int n, float scale, float[] weight, float[] out) {
    for (int i = 0; i < n; i += WIDTH) {
      FloatVector scaled = FloatVector.fromArray(F32, x, offset + i).mul(scale);
      FloatVector.fromArray(F32, weight, i).mul(scaled).intoArray(out, offset + i);
    }
  }

  @Override
  public void rotate(float[] x, int offset, int half, float[] cos, float[] sin) {
    int i = 0;
    for (; i <= half - WIDTH; i += WIDTH) {
      FloatVector a = FloatVector.fromArray(F32, x, offset + i);
      FloatVector b = FloatVector.fromArray(F32, x, offset + half + i);
      FloatVector c = FloatVector.fromArray(F32, cos, i);
      FloatVector s = FloatVector.fromArray(F32, sin, i);
      a.fma(c, b.mul(s).neg()).intoArray(x, offset + i);
      b.fma(c, a.mul(s)).intoArray(x, offset + half + i);
    }
    for (; i < half; i++) { // headDim 16 has halves of 8
      float a = x[offset + i];
      float b = x[offset + half + i];
      x[offset + i] = Math.fma(a, cos[i], -(b * sin[i]));
      x[offset + half + i] = Math.fma(b, cos[i], a * sin[i]);
    }
  }

  @Override
  public void add(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i += WIDTH) {
      FloatVector.fromArray(F32, x, i).add(FloatVector.fromArray(F32, y, i)).intoArray(x, i);
    }
  }

  @Override
  public void siluMul(float[] gate, float[] up, int from, int to) {
    for (int i = from; i < to; i += WIDTH) {
      FloatVector g = FloatVector.fromArray(F32, gate, i);
      FloatVector u = FloatVector.fromArray(F32, up, i);
      g.div(exp(g.neg()).add(1f)).mul(u).intoArray(gate, i);
    }
  }

  /** {@link Exp#exp}, lane by lane. */
  private static FloatVector exp(FloatVector x) {
    FloatVector clamped = x.max(Exp.LOWEST).min(Exp.HIGHEST);
    FloatVector rounded =
        clamped.fma(FloatVector.broadcast(F32, Exp.LOG2_E), FloatVector.broadcast(F32, Exp.ROUND));
    FloatVector n = rounded.sub(Exp.ROUND);
    FloatVector r = n.fma(FloatVector.broadcast(F32, -Exp.LN2_HIGH), clamped);
    r = n.fma(FloatVector.broadcast(F32, -Exp.LN2_LOW), r);
    FloatVector p = r.fma(FloatVector.broadcast(F32, Exp.P0), FloatVector.broadcast(F32, Exp.P1));
    p = p.fma(r, FloatVector.broadcast(F32, Exp.P2));
    p = p.fma(r, FloatVector.broadcast(F32, Exp.P3));
    p = p.fma(r, FloatVector.broadcast(F32, Exp.P4));
    p = p.fma(r, FloatVector.broadcast(F32, Exp.P5));
    p = p.fma(r.mul(r), r).add(1f);
    IntVector exponent =
        rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, Exp.EXPONENT_SHIFT);
    return p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
  }

  // ------------------------------------------------------------------ attention

  @Override
  public void scores(
      KvPanel k, float[] q, Queries queries, float[] scores, int position, Scratch scratch) {
    AttentionKernel.scores(k, q, queries, scores, position, scratch);
  }

  @Override
  public float expSum(float[] scores, int at, int n, float scale) {
    int whole = n - n % Lane.COUNT;
    FloatVector highest = FloatVector.broadcast(F32, Float.NEGATIVE_INFINITY);
    for (int i = 0; i < whole; i += WIDTH) {
      highest = highest.max(FloatVector.fromArray(F32, scores, at + i));
    }
    float max =
        highest.reduceLanes(VectorOperators.MAX); // a maximum has no rounding: any order will do
    for (int i = whole; i < n; i++) {
      max = Math.max(max, scores[at + i]);
    }
    float[] sums = new float[Lane.COUNT];
    for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
      FloatVector sum = FloatVector.zero(F32);
      for (int i = lane; i < whole; i += Lane.COUNT) {
        FloatVector e = exp(FloatVector.fromArray(F32, scores, at + i).sub(max).mul(scale));
        e.intoArray(scores, at + i);
        sum = sum.add(e);
      }
      sum.intoArray(sums, lane);
    }
    for (int i = whole; i < n; i++) {
      scores[at + i] = Exp.exp((scores[at + i] - max) * scale);
      sums[i - whole] += scores[at + i];
    }
    return Lane.sum(sums, 0);
  }

  @Override
  public void weightedSum(
      KvPanel v, float[] probs, int position, Queries queries, float[] out, Scratch scratch) {
    AttentionKernel.weightedSum(v, probs, position, queries, out, scratch);
  }

  @Override
  public void multiply(float[] x, int offset, int n, float factor) {
    for (int i = offset; i < offset + n; i += WIDTH) {
      FloatVector.fromArray(F32, x, i).mul(factor).intoArray(x, i);
    }
  }
}
