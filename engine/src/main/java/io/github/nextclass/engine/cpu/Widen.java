package io.github.nextclass.engine.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * Weights to floats, in the order that the kernels read: of each 32 weights first the 16 at even
 * places, then the 16 at odd ones. Two 16-bit weights come in one 32-bit load, and shifts part
 * them:
 *
 * <pre>
 *   int lane           | w1 (odd) | w0 (even) |        little-endian
 *   even = lane &lt;&lt; 16    odd = lane &amp; 0xffff0000        for bf16, the upper half of a float
 * </pre>
 */
final class Widen {
  private static final int WIDTH = Lanes.WIDTH;
  private static final VectorShuffle<Float> EVENS =
      VectorShuffle.fromOp(Lanes.F32, i -> 2 * i % WIDTH);
  private static final VectorShuffle<Float> ODDS =
      VectorShuffle.fromOp(Lanes.F32, i -> (2 * i + 1) % WIDTH);

  private Widen() {}

  static void row(CpuMatrix matrix, int row, float[] out, int at) {
    switch (matrix) {
      case CpuWeight floats -> floats(floats, row, out, at);
      case Fp8Weight fp8 -> WidenQuantized.row(fp8.matrix(), row, out, at);
      case GroupedWeight grouped -> WidenQuantized.row(grouped, row, out, at);
    }
  }

  private static void floats(CpuWeight weight, int row, float[] out, int at) {
    MemorySegment segment = weight.segment();
    long offsetBytes = weight.rowOffsetBytes(row);
    switch (weight.dtype()) {
      case BF16 -> bf16(segment, offsetBytes, weight.columns(), out, at);
      case F16 -> f16(segment, offsetBytes, weight.columns(), out, at);
      case F32 -> f32(segment, offsetBytes, weight.columns(), out, at);
      default -> throw new AssertionError(weight.dtype());
    }
  }

  private static void bf16(MemorySegment w, long offsetBytes, int n, float[] out, int at) {
    for (int block = 0; block < n; block += Lane.PERIOD) {
      for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
        IntVector pairs =
            IntVector.fromMemorySegment(
                Lanes.I32, w, offsetBytes + 2L * block + 4L * lane, LITTLE_ENDIAN);
        evenBf16(pairs).intoArray(out, at + block + lane);
        oddBf16(pairs).intoArray(out, at + block + Lane.COUNT + lane);
      }
    }
  }

  static FloatVector evenBf16(IntVector pairs) {
    return pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  static FloatVector oddBf16(IntVector pairs) {
    return pairs.and(0xffff0000).reinterpretAsFloats();
  }

  private static void f16(MemorySegment w, long offsetBytes, int n, float[] out, int at) {
    for (int block = 0; block < n; block += Lane.PERIOD) {
      for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
        IntVector pairs =
            IntVector.fromMemorySegment(
                Lanes.I32, w, offsetBytes + 2L * block + 4L * lane, LITTLE_ENDIAN);
        half(pairs.and(0xffff)).intoArray(out, at + block + lane);
        half(pairs.lanewise(VectorOperators.LSHR, 16))
            .intoArray(out, at + block + Lane.COUNT + lane);
      }
    }
  }

  /**
   * Half precision to single: the exponent has 5 bits with a bias of 15 against 8 with 127, so the
   * bits move into place and a multiplication by 2^112 mends the bias. It turns subnormals into
   * normals by itself; infinity and NaN keep their exponent of all ones by a bitwise or.
   */
  private static FloatVector half(IntVector h) {
    IntVector magnitude = h.and(0x7fff).lanewise(VectorOperators.LSHL, 13);
    IntVector sign = h.and(0x8000).lanewise(VectorOperators.LSHL, 16);
    IntVector bits = magnitude.reinterpretAsFloats().mul(0x1p112f).reinterpretAsInts();
    IntVector special = bits.or(0x7f800000);
    bits = bits.blend(special, magnitude.compare(VectorOperators.GE, 0x1f << 23));
    return bits.or(sign).reinterpretAsFloats();
  }

  private static void f32(MemorySegment w, long offsetBytes, int n, float[] out, int at) {
    for (int block = 0; block < n; block += Lane.PERIOD) {
      for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
        long pairs = offsetBytes + 4L * block + 8L * lane;
        FloatVector first = FloatVector.fromMemorySegment(Lanes.F32, w, pairs, LITTLE_ENDIAN);
        FloatVector second =
            FloatVector.fromMemorySegment(Lanes.F32, w, pairs + 4L * WIDTH, LITTLE_ENDIAN);
        join(first.rearrange(EVENS), second.rearrange(EVENS)).intoArray(out, at + block + lane);
        join(first.rearrange(ODDS), second.rearrange(ODDS))
            .intoArray(out, at + block + Lane.COUNT + lane);
      }
    }
  }

  /** The lower half of the first vector, then the upper half of the second. */
  private static FloatVector join(FloatVector low, FloatVector high) {
    return high.blend(low, Lanes.F32.indexInRange(0, WIDTH / 2));
  }
}
