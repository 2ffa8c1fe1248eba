package io.github.nextclass.engine.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.github.nextclass.engine.quant.BlockMatrix;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** A panel of q8 or q4 weights as signed levels of 16 bits, and its scales as floats. */
final class BlockUnpack {
  private static final int ROWS = BlockMatrix.ROWS;
  private static final int HALF = ROWS / 2;
  private static final int BLOCK = BlockMatrix.BLOCK;
  private static final int LINE_BYTES = ROWS * Short.BYTES;

  private BlockUnpack() {}

  /**
   * Some blocks; levels of q4 go to {@code [block][32 inputs][width]}, scales to {@code
   * [block][width]}.
   */
  static void q4(
      BlockMatrix m,
      int panel,
      int block,
      int blocks,
      int width,
      short[] levels,
      int to,
      float[] scales,
      int scalesTo) {
    long at = panel * m.panelBytes() + (long) block * BlockMatrix.blockBytes(4);
    for (int i = 0; i < blocks; i++) {
      for (int row = 0; row < HALF; row += Lanes.WIDTH) {
        block4(m.segment(), at + 4L * row, width, levels, to + 2 * row);
        scales(m.segment(), at + 4L * row + (long) BLOCK / 4 * LINE_BYTES, scales, scalesTo + row);
      }
      at += BlockMatrix.blockBytes(4);
      to += BLOCK * width;
      scalesTo += width;
    }
  }

  private static void block4(MemorySegment segment, long at, int width, short[] levels, int to) {
    for (int k = 0; k < BLOCK; k += 4) {
      ShortVector word =
          ShortVector.fromMemorySegment(BlockVectors.S16, segment, at, LITTLE_ENDIAN);
      word.and((short) 0xf).sub((short) 8).intoArray(levels, to);
      word.lanewise(VectorOperators.LSHR, 4)
          .and((short) 0xf)
          .sub((short) 8)
          .intoArray(levels, to + width);
      word.lanewise(VectorOperators.LSHR, 8)
          .and((short) 0xf)
          .sub((short) 8)
          .intoArray(levels, to + 2 * width);
      word.lanewise(VectorOperators.LSHR, 12).sub((short) 8).intoArray(levels, to + 3 * width);
      at += LINE_BYTES;
      to += 4 * width;
    }
  }

  /** Levels of q8, as floats, go to {@code [block][32 inputs][32 outputs]}. */
  static void q8(
      BlockMatrix m,
      int panel,
      int block,
      int blocks,
      float[] levels,
      int to,
      float[] scales,
      int scalesTo) {
    long at = panel * m.panelBytes() + (long) block * BlockMatrix.blockBytes(8);
    for (int i = 0; i < blocks; i++) {
      for (int row = 0; row < HALF; row += Lanes.WIDTH) {
        block8(m.segment(), at + 4L * row, levels, to + row);
        scales(m.segment(), at + 4L * row + (long) BLOCK / 2 * LINE_BYTES, scales, scalesTo + row);
      }
      at += BlockMatrix.blockBytes(8);
      to += BLOCK * ROWS;
      scalesTo += ROWS;
    }
  }

  private static void block8(MemorySegment segment, long at, float[] levels, int to) {
    for (int k = 0; k < BLOCK; k += 2) {
      IntVector pairs = IntVector.fromMemorySegment(Lanes.I32, segment, at, LITTLE_ENDIAN);
      ((FloatVector)
              pairs
                  .lanewise(VectorOperators.LSHL, 24)
                  .lanewise(VectorOperators.ASHR, 24)
                  .convert(VectorOperators.I2F, 0))
          .intoArray(levels, to);
      ((FloatVector)
              pairs
                  .lanewise(VectorOperators.LSHL, 8)
                  .lanewise(VectorOperators.ASHR, 24)
                  .convert(VectorOperators.I2F, 0))
          .intoArray(levels, to + HALF);
      ((FloatVector)
              pairs
                  .lanewise(VectorOperators.LSHL, 16)
                  .lanewise(VectorOperators.ASHR, 24)
                  .convert(VectorOperators.I2F, 0))
          .intoArray(levels, to + ROWS);
      ((FloatVector) pairs.lanewise(VectorOperators.ASHR, 24).convert(VectorOperators.I2F, 0))
          .intoArray(levels, to + ROWS + HALF);
      at += LINE_BYTES;
      to += 2 * ROWS;
    }
  }

  private static void scales(MemorySegment segment, long at, float[] scales, int to) {
    IntVector pairs = IntVector.fromMemorySegment(Lanes.I32, segment, at, LITTLE_ENDIAN);
    Widen.evenBf16(pairs).intoArray(scales, to);
    Widen.oddBf16(pairs).intoArray(scales, to + HALF);
  }
}
