package io.github.nextclass.engine.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.github.nextclass.engine.quant.BlockMatrix;
import java.lang.foreign.MemorySegment;
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

  /** Levels go to {@code [block][32 inputs][32 lanes]}, scales to {@code [block][32 outputs]}. */
  static void panel(
      BlockMatrix m, int panel, short[] levels, int to, float[] scales, int scalesTo) {
    long at = panel * m.panelBytes();
    int lines = BLOCK * m.bits() / Short.SIZE;
    for (int block = 0; block < m.columns() / BLOCK; block++) {
      for (int row = 0; row < HALF; row += Lanes.WIDTH) {
        long part = at + 4L * row;
        if (m.bits() == 4) {
          block4(m.segment(), part, levels, to + 2 * row);
        } else {
          block8(m.segment(), part, levels, to + 2 * row);
        }
        scales(m.segment(), part + (long) lines * LINE_BYTES, scales, scalesTo + row);
      }
      at += BlockMatrix.blockBytes(m.bits());
      to += BLOCK * ROWS;
      scalesTo += ROWS;
    }
  }

  private static void block4(MemorySegment segment, long at, short[] levels, int to) {
    for (int k = 0; k < BLOCK; k += 4) {
      ShortVector word =
          ShortVector.fromMemorySegment(BlockVectors.S16, segment, at, LITTLE_ENDIAN);
      level(word).intoArray(levels, to);
      level(word.lanewise(VectorOperators.LSHR, 4)).intoArray(levels, to + ROWS);
      level(word.lanewise(VectorOperators.LSHR, 8)).intoArray(levels, to + 2 * ROWS);
      level(word.lanewise(VectorOperators.LSHR, 12)).intoArray(levels, to + 3 * ROWS);
      at += LINE_BYTES;
      to += 4 * ROWS;
    }
  }

  private static ShortVector level(ShortVector word) {
    return word.and((short) 0xf).sub((short) 8);
  }

  private static void block8(MemorySegment segment, long at, short[] levels, int to) {
    for (int k = 0; k < BLOCK; k += 2) {
      ShortVector word =
          ShortVector.fromMemorySegment(BlockVectors.S16, segment, at, LITTLE_ENDIAN);
      word.lanewise(VectorOperators.LSHL, 8)
          .lanewise(VectorOperators.ASHR, 8)
          .intoArray(levels, to);
      word.lanewise(VectorOperators.ASHR, 8).intoArray(levels, to + ROWS);
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
