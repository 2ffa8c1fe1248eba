package io.github.nextclass.engine.cpu;

/** Working memory of one thread for {@link BlockKernels}, grown when more is needed. */
final class BlockScratch {
  private short[] levels = new short[0];
  private float[] floats = new float[0];
  private int[][] parted = new int[0][0];
  private int[] dots = new int[0];
  private float[] scales = new float[0];
  private float[] sums = new float[0];

  /** Unpacked levels of some panels. */
  short[] levels(int length) {
    levels = levels.length < length ? new short[length] : levels;
    return levels;
  }

  /** The same as floats. */
  float[] floats(int length) {
    floats = floats.length < length ? new float[length] : floats;
    return floats;
  }

  /** Levels of a block, {@code [k][output]}. */
  int[][] parted(int columns, int rows) {
    parted = parted.length < columns ? new int[columns][rows] : parted;
    return parted;
  }

  /** Sums of products of a block. */
  int[] dots(int length) {
    dots = dots.length < length ? new int[length] : dots;
    return dots;
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
