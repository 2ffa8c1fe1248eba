package io.github.nextclass.engine.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.github.nextclass.engine.KvCacheFormat;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Numbers of the KV cache in BF16 and Q8 to floats. Nothing is rounded. */
final class KvWiden {
  private static final int WIDTH = Lanes.WIDTH;

  /** A level in the upper byte of its word is so many times as large. */
  private static final float UPPER_BYTE = 0x1p24f;

  private static final float[] NONE = new float[0];

  private KvWiden() {}

  /** A panel of Q8 as floats, in memory of the thread. */
  static KvPanel floats(KvPanel panel, Scratch scratch) {
    KvPanel floats =
        panel.floats(scratch.kvPanel(KvPanel.bytes(KvCacheFormat.F32, panel.headDim())));
    float[] scales = scales(panel, scratch);
    MemorySegment segment = panel.segment();
    MemorySegment to = floats.segment();
    long rowBytes = panel.rowBytes();
    int terms = panel.terms();
    int lanes = panel.lanes();
    for (int lane = 0; lane < lanes; lane += WIDTH) {
      long from = panel.wordBytes(lane, 0);
      long at = floats.wordBytes(lane, 0);
      for (int t = 0; t < terms; t += 4) { // a row of words becomes four rows of floats
        IntVector words = IntVector.fromMemorySegment(Lanes.I32, segment, from, LITTLE_ENDIAN);
        for (int part = 0; part < 4; part++) {
          FloatVector number = level(words, part).mul(scale(panel, scales, lane, t + part));
          number.intoMemorySegment(to, at + part * rowBytes, LITTLE_ENDIAN);
        }
        from += rowBytes;
        at += 4 * rowBytes;
      }
    }
    return floats;
  }

  /**
   * The scales of Q8 as floats, {@code [run, position]}, divided by 2^24: the kernels leave a level
   * in the upper byte of its word. Powers of two round nothing. Nothing for other formats.
   */
  static float[] scales(KvPanel panel, Scratch scratch) {
    if (panel.format() != KvCacheFormat.Q8) {
      return NONE;
    }
    int runs = KvPanel.scaleRuns(panel.headDim());
    float[] scales = scratch.kvScales(runs * Primitives.BLOCK);
    for (int run = 0; run < runs; run += 2) {
      int at = run * Primitives.BLOCK;
      for (int position = 0; position < Primitives.BLOCK; position += WIDTH) {
        IntVector words =
            IntVector.fromMemorySegment(
                Lanes.I32, panel.segment(), panel.scaleWordBytes(position, run), LITTLE_ENDIAN);
        Widen.evenBf16(words).mul(1 / UPPER_BYTE).intoArray(scales, at + position);
        Widen.oddBf16(words)
            .mul(1 / UPPER_BYTE)
            .intoArray(scales, at + Primitives.BLOCK + position);
      }
    }
    return scales;
  }

  /** The numbers of a term for a vector of lanes. */
  static FloatVector numbers(KvPanel panel, float[] scales, int lane, int term) {
    long at = panel.wordBytes(lane, term);
    if (panel.format() == KvCacheFormat.F32) {
      return FloatVector.fromMemorySegment(Lanes.F32, panel.segment(), at, LITTLE_ENDIAN);
    }
    IntVector words = IntVector.fromMemorySegment(Lanes.I32, panel.segment(), at, LITTLE_ENDIAN);
    if (panel.format() == KvCacheFormat.BF16) {
      return term % 2 == 0 ? Widen.evenBf16(words) : Widen.oddBf16(words);
    }
    return level(words, term % 4).mul(scale(panel, scales, lane, term));
  }

  private static FloatVector level(IntVector words, int part) {
    return (FloatVector)
        words
            .lanewise(VectorOperators.LSHL, 24 - 8 * part)
            .and(0xff000000)
            .convert(VectorOperators.I2F, 0);
  }

  private static FloatVector scale(KvPanel panel, float[] scales, int lane, int term) {
    return panel.keys()
        ? FloatVector.fromArray(Lanes.F32, scales, term / KvPanel.RUN * Primitives.BLOCK + lane)
        : FloatVector.broadcast(Lanes.F32, scales[lane / KvPanel.RUN * Primitives.BLOCK + term]);
  }
}
