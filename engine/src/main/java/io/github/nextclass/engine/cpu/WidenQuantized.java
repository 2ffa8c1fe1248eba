package io.github.nextclass.engine.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.github.nextclass.engine.quant.Fp8Matrix;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Quantised weights to floats, in the order of {@link Widen}: of each 32 first the even, then the
 * odd. A byte of two 4-bit weights, or a short of two 8-bit ones, goes to a 32-bit lane; a mask
 * takes the even one and a shift the odd one.
 *
 * <pre>
 *   4 bits, byte i    |  2i + 1  |   2i   |        8 bits, short i    |  2i + 1  |   2i   |
 * </pre>
 */
final class WidenQuantized {
  private static final int WIDTH = Lanes.WIDTH;
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(WIDTH * Short.SIZE));

  /** As many bytes as lanes, or more: no vector is shorter than 64 bits. */
  private static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, WIDTH * Byte.SIZE)));

  private static final int PARTS = BYTES.length() / WIDTH;

  private WidenQuantized() {}

  static void row(GroupedWeight weight, int row, float[] out, int at) {
    if (weight.groupOf() != null) {
      scatteredRow(weight, row, out, at);
      return;
    }
    int groupSize = weight.columns() / weight.groups();
    for (int group = 0; group < weight.groups(); group++) {
      long offsetBytes =
          weight.rowOffsetBytes(row) + (long) group * groupSize * weight.bits() / Byte.SIZE;
      int zero = weight.zero(row, group);
      float scale = weight.scale(row, group);
      int to = at + group * groupSize;
      if (weight.bits() == 4) {
        group4(weight.levels(), offsetBytes, groupSize, zero, scale, out, to);
      } else {
        group8(weight.levels(), offsetBytes, groupSize, zero, scale, out, to);
      }
    }
  }

  private static void group4(
      MemorySegment levels, long offsetBytes, int n, int zero, float scale, float[] out, int at) {
    for (int block = 0; block < n; block += Lane.PERIOD) {
      for (int lane = 0; lane < Lane.COUNT; lane += BYTES.length()) {
        ByteVector pairs =
            ByteVector.fromMemorySegment(
                BYTES, levels, offsetBytes + block / 2 + lane, LITTLE_ENDIAN);
        for (int part = 0; part < PARTS; part++) {
          IntVector pair =
              (IntVector) pairs.convertShape(VectorOperators.ZERO_EXTEND_B2I, Lanes.I32, part);
          int to = at + block + lane + part * WIDTH;
          value(pair.and(0xf), zero, scale).intoArray(out, to);
          value(pair.lanewise(VectorOperators.LSHR, 4), zero, scale)
              .intoArray(out, to + Lane.COUNT);
        }
      }
    }
  }

  private static void group8(
      MemorySegment levels, long offsetBytes, int n, int zero, float scale, float[] out, int at) {
    for (int block = 0; block < n; block += Lane.PERIOD) {
      for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
        IntVector pair = shorts(levels, offsetBytes + block + 2L * lane);
        value(pair.and(0xff), zero, scale).intoArray(out, at + block + lane);
        value(pair.lanewise(VectorOperators.LSHR, 8), zero, scale)
            .intoArray(out, at + block + Lane.COUNT + lane);
      }
    }
  }

  private static FloatVector value(IntVector level, int zero, float scale) {
    return ((FloatVector) level.sub(zero).convert(VectorOperators.I2F, 0)).mul(scale);
  }

  private static IntVector shorts(MemorySegment segment, long offsetBytes) {
    return (IntVector)
        ShortVector.fromMemorySegment(SHORTS, segment, offsetBytes, LITTLE_ENDIAN)
            .convertShape(VectorOperators.ZERO_EXTEND_S2I, Lanes.I32, 0);
  }

  /** In order of activation neighbours belong to different groups: plain loops, then the order. */
  private static void scatteredRow(GroupedWeight weight, int row, float[] out, int at) {
    weight.dequantizeRow(row, out, at);
    float[] block = new float[Lane.PERIOD];
    for (int from = at; from < at + weight.columns(); from += Lane.PERIOD) {
      System.arraycopy(out, from, block, 0, Lane.PERIOD);
      for (int i = 0; i < Lane.COUNT; i++) {
        out[from + i] = block[2 * i];
        out[from + Lane.COUNT + i] = block[2 * i + 1];
      }
    }
  }

  static void row(Fp8Matrix matrix, int row, float[] out, int at) {
    MemorySegment bytes = matrix.bytes();
    int columns = matrix.columns();
    long offsetBytes = (long) row * columns;
    for (int from = 0; from < columns; from += Fp8Matrix.BLOCK) {
      float scale = matrix.scale(row, from);
      int to = Math.min(from + Fp8Matrix.BLOCK, columns);
      for (int block = from; block < to; block += Lane.PERIOD) {
        for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
          IntVector pair = shorts(bytes, offsetBytes + block + 2L * lane);
          e4m3(pair.and(0xff)).mul(scale).intoArray(out, at + block + lane);
          e4m3(pair.lanewise(VectorOperators.LSHR, 8))
              .mul(scale)
              .intoArray(out, at + block + Lane.COUNT + lane);
        }
      }
    }
  }

  /**
   * E4M3 to single as half precision in {@link Widen}: the exponent has 4 bits with a bias of 7
   * against 8 with 127, which a multiplication by 2^120 mends. All ones are NaN; there is no
   * infinity.
   */
  private static FloatVector e4m3(IntVector b) {
    IntVector magnitude = b.and(0x7f);
    IntVector bits =
        magnitude
            .lanewise(VectorOperators.LSHL, 20)
            .reinterpretAsFloats()
            .mul(0x1p120f)
            .reinterpretAsInts();
    bits = bits.blend(0x7fc00000, magnitude.compare(VectorOperators.EQ, 0x7f));
    return bits.or(b.and(0x80).lanewise(VectorOperators.LSHL, 24)).reinterpretAsFloats();
  }
}
