package io.github.nextclass.engine.cpu;

/**
 * Linear layers over q8 and q4 weights and {@link BlockInputs}. In a block the sum of products is a
 * whole number, exact in any order; the blocks follow each other:
 *
 * <pre>
 *   out[t, r] = sum over blocks b, ascending, by fma:  dot(b) * (weightScale[r, b] * inputScale[t, b])
 * </pre>
 *
 * <p>So every kernel gives the same bits: plain or with vectors of any width, for one token or
 * many.
 */
interface BlockKernels {
  /** Makes room in {@code inputs} for so many tokens, and weights of 4 or 8 bits. */
  void prepare(BlockInputs inputs, int tokens, int columns, int bits);

  /** The number of pieces in which inputs are quantised and packed. */
  int pieces(int tokens);

  /** Quantises and packs a piece of the inputs for weights of 4 or 8 bits. */
  void pack(float[] x, BlockInputs inputs, int bits, int piece);

  /**
   * Whether so few tokens go through the weights as these come from memory, which likes long runs.
   */
  boolean streams(int tokens);

  /**
   * Panels {@code from} to {@code to}, that is outputs {@code 32 * from} and on, for all tokens.
   */
  void linear(
      BlockWeight w, int from, int to, BlockInputs inputs, float[] out, BlockScratch scratch);
}
