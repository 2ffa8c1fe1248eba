package io.github.nextclass.engine.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.github.nextclass.engine.KvCacheFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Plain loops: the specification, the fallback where there is no Vector API, and the oracle of the
 * tests. They take rows of any length.
 */
final class ScalarPrimitives implements Primitives {
  private static final ValueLayout.OfShort LE_SHORT =
      JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat LE_FLOAT =
      JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final ScalarLinear linear = new ScalarLinear(this);

  @Override
  public String description() {
    return "scalar";
  }

  @Override
  public void widen(CpuMatrix matrix, int row, float[] out, int outOffset) {
    switch (matrix) {
      case CpuWeight floats -> widenFloats(floats, row, out, outOffset);
      case Fp8Weight fp8 -> fp8.matrix().dequantizeRow(row, out, outOffset);
      case GroupedWeight grouped -> grouped.dequantizeRow(row, out, outOffset);
    }
  }

  private static void widenFloats(CpuWeight weight, int row, float[] out, int outOffset) {
    MemorySegment segment = weight.segment();
    long at = weight.rowOffsetBytes(row);
    switch (weight.dtype()) {
      // bf16 is the upper half of a float:
      //   f32  s eeeeeeee mmmmmmmmmmmmmmmmmmmmmmm
      //   bf16 s eeeeeeee mmmmmmm
      case BF16 -> {
        for (int k = 0; k < weight.columns(); k++) {
          out[outOffset + k] = Float.intBitsToFloat(segment.get(LE_SHORT, at + 2L * k) << 16);
        }
      }
      case F16 -> {
        for (int k = 0; k < weight.columns(); k++) {
          out[outOffset + k] = Float.float16ToFloat(segment.get(LE_SHORT, at + 2L * k));
        }
      }
      case F32 -> {
        for (int k = 0; k < weight.columns(); k++) {
          out[outOffset + k] = segment.get(LE_FLOAT, at + 4L * k);
        }
      }
      default -> throw new AssertionError(weight.dtype());
    }
  }

  @Override
  public BlockKernels blockKernels() {
    return new ScalarBlockKernels();
  }

  @Override
  public int rowsTogether() {
    return ScalarLinear.ROWS;
  }

  @Override
  public int packedPieces(int tokens) {
    return tokens;
  }

  @Override
  public int packedLength(int tokens, int columns) {
    return Math.multiplyExact(tokens, columns);
  }

  @Override
  public void pack(float[] x, int tokens, int columns, int from, int to, float[] packed) {
    System.arraycopy(x, from * columns, packed, from * columns, (to - from) * columns);
  }

  @Override
  public void linear(
      CpuMatrix w, int from, int to, float[] packed, int tokens, float[] out, Scratch scratch) {
    linear.run(w, from, to, packed, tokens, out, scratch);
  }

  @Override
  public float sumOfSquares(float[] x, int offset, int n) {
    float[] sums = new float[Lane.COUNT];
    for (int i = 0; i < n; i++) {
      sums[i % Lane.COUNT] = Math.fma(x[offset + i], x[offset + i], sums[i % Lane.COUNT]);
    }
    return Lane.sum(sums, 0);
  }

  @Override
  public void scale(float[] x, int offset, int n, float scale, float[] weight, float[] out) {
    for (int i = 0; i < n; i++) {
      out[offset + i] = weight[i] * (x[offset + i] * scale);
    }
  }

  @Override
  public void rotate(float[] x, int offset, int half, float[] cos, float[] sin) {
    for (int i = 0; i < half; i++) {
      float a = x[offset + i];
      float b = x[offset + half + i];
      x[offset + i] = Math.fma(a, cos[i], -(b * sin[i]));
      x[offset + half + i] = Math.fma(b, cos[i], a * sin[i]);
    }
  }

  @Override
  public void add(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      x[i] += y[i];
    }
  }

  @Override
  public void siluMul(float[] gate, float[] up, int from, int to) {
    for (int i = from; i < to; i++) {
      gate[i] = gate[i] / (1f + Exp.exp(-gate[i])) * up[i];
    }
  }

  @Override
  public void scores(
      KvPanel k, float[] q, Queries queries, float[] scores, int position, Scratch scratch) {
    float[][] keys = terms(k, scratch);
    float[] sums = scratch.sums(BLOCK);
    for (int i = 0; i < queries.count(); i++) {
      int at = queries.scores(i) + position;
      System.arraycopy(scores, at, sums, 0, BLOCK);
      ScalarSums.addTerms(keys, k.headDim(), q, queries.offset(i), sums, BLOCK);
      System.arraycopy(sums, 0, scores, at, BLOCK);
    }
  }

  /** A block as {@code [term][lane]}: see {@link KvPanel}. */
  private static float[][] terms(KvPanel panel, Scratch scratch) {
    float[][] floats = scratch.terms(panel.terms(), panel.lanes());
    for (int term = 0; term < panel.terms(); term++) {
      if (panel.format() == KvCacheFormat.F32) {
        for (int lane = 0; lane < panel.lanes(); lane += panel.group()) {
          int count = Math.min(panel.group(), panel.lanes() - lane);
          long at = panel.wordBytes(lane, term);
          MemorySegment.copy(panel.segment(), JAVA_FLOAT_UNALIGNED, at, floats[term], lane, count);
        }
        continue;
      }
      for (int lane = 0; lane < panel.lanes(); lane++) {
        floats[term][lane] = panel.keys() ? panel.get(lane, term) : panel.get(term, lane);
      }
    }
    return floats;
  }

  @Override
  public float expSum(float[] scores, int at, int n, float scale) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      max = Math.max(max, scores[at + i]);
    }
    float[] sums = new float[Lane.COUNT];
    for (int i = 0; i < n; i++) {
      scores[at + i] = Exp.exp((scores[at + i] - max) * scale);
      sums[i % Lane.COUNT] += scores[at + i];
    }
    return Lane.sum(sums, 0);
  }

  @Override
  public void weightedSum(
      KvPanel v, float[] probs, int position, Queries queries, float[] out, Scratch scratch) {
    float[][] values = terms(v, scratch);
    int headDim = v.headDim();
    float[] sums = scratch.sums(headDim);
    for (int i = 0; i < queries.count(); i++) {
      int visible = queries.visible(i, position);
      System.arraycopy(out, queries.offset(i), sums, 0, headDim);
      ScalarSums.addTerms(values, visible, probs, queries.scores(i) + position, sums, headDim);
      System.arraycopy(sums, 0, out, queries.offset(i), headDim);
    }
  }

  @Override
  public void multiply(float[] x, int offset, int n, float factor) {
    for (int i = offset; i < offset + n; i++) {
      x[i] *= factor;
    }
  }
}
