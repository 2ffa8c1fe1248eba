package io.github.nextclass.engine.backend;

/**
 * A quantised matrix of signed levels, with a scale for each output and each {@link #BLOCK} inputs:
 *
 * <pre>
 *   w[r, k] = level(r, k) * scale(r, k / 32)
 * </pre>
 *
 * A device takes these and lays them out as it likes.
 */
public interface LevelMatrix extends QuantizedMatrix {
  /** Inputs that share a scale; {@link #columns} is a multiple. */
  int BLOCK = 32;

  /**
   * The size of a level.
   *
   * @return 4 or 8 bits
   */
  int bits();

  /**
   * A level.
   *
   * @param row the output
   * @param k the input
   * @return -127 to 127 or -8 to 7
   */
  int level(int row, int k);

  /**
   * The scale of a block.
   *
   * @param row the output
   * @param k an input of the block
   * @return the factor, one that bf16 can hold
   */
  float scale(int row, int k);
}
