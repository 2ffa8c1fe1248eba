package io.github.nextclass.engine.cpu;

/** Working memory of one thread for {@link BlockKernels}, grown when more is needed. */
final class BlockScratch {
  private short[] levels = new short[0];
  private float[] scales = new float[0];
  private float[] sums = new float[0];

  /** Unpacked levels of some panels. */
  short[] levels(int length) {
    levels = levels.length < length ? new short[length] : levels;
    return levels;
  }

  /** Their scales. */
  float[] scales(int length) {
    scales = scales.length < length ? new float[length] : scales;
    return scales;
  }

  /** Results of a tile. */
  float[] sums(int length) {
    sums = sums.length < length ? new float[length] : sums;
    return sums;
  }
}
