package io.github.nextclass.engine.cpu;

/**
 * How the inner loops run: the second seam. {@link ScalarPrimitives} says what is computed, {@link
 * VectorPrimitives} computes the same bits faster; a test holds them equal.
 */
interface Primitives {
  /** Positions in a block of the KV cache; see {@link KvPanel} for the layout. */
  int BLOCK = 64;

  /**
   * Up to so many tokens weights are streamed (decode, short prompts); more are a matrix (prefill),
   * whose panels of turned weights first have to pay: 32 tokens ran at 156 tokens/s against 137.
   */
  int FEW_TOKENS = 32;

  /** What runs here, for a person. */
  String description();

  /** The kernels of q8 and q4 weights. */
  BlockKernels blockKernels();

  /** Widens one row of a weight to floats. */
  void widen(CpuMatrix weight, int row, float[] out, int outOffset);

  /**
   * The number of rows that the matrix kernels take at a time; work is split at multiples of it.
   */
  int rowsTogether();

  /** The number of pieces in which {@code tokens} rows of inputs are packed. */
  int packedPieces(int tokens);

  /** The length of the packed form of {@code tokens} rows of {@code columns} inputs. */
  int packedLength(int tokens, int columns);

  /**
   * Brings pieces {@code from} to {@code to} of a linear layer's input into the order that {@link
   * #linear} reads.
   */
  void pack(float[] x, int tokens, int columns, int from, int to, float[] packed);

  /**
   * Rows {@code from} to {@code to} of a linear layer for all tokens: {@code out[t * rows + r] =
   * sum over k of w[r, k] * x[t, k]}, summed as {@link Lane} says. Both borders are multiples of
   * {@link #rowsTogether}, or the end.
   */
  void linear(
      CpuMatrix w, int from, int to, float[] packed, int tokens, float[] out, Scratch scratch);

  /**
   * The sum over {@code i} of {@code x[i]^2} in 16 lanes, lane {@code i % 16}, then the tree of
   * {@link Lane}.
   */
  float sumOfSquares(float[] x, int offset, int n);

  /** {@code out[i] = weight[i] * (x[i] * scale)}. */
  void scale(float[] x, int offset, int n, float scale, float[] weight, float[] out);

  /**
   * Rotates one head with split halves: see {@link
   * io.github.nextclass.engine.backend.Backend#rope}.
   */
  void rotate(float[] x, int offset, int half, float[] cos, float[] sin);

  /** {@code x[i] += y[i]}. */
  void add(float[] x, float[] y, int from, int to);

  /** {@code gate[i] = gate[i] / (1 + exp(-gate[i])) * up[i]}. */
  void siluMul(float[] gate, float[] up, int from, int to);

  /**
   * Adds the products of some queries with a block of keys, all its positions, to their scores:
   * {@code scores[i, position + p] += sum over d of q[i, d] * k[p, d]}, d ascending. Positions that
   * a query does not see, or that nobody wrote, give numbers of no account.
   *
   * @param position the first of the block
   */
  void scores(KvPanel k, float[] q, Queries queries, float[] scores, int position, Scratch scratch);

  /**
   * The numerators of a softmax in place, {@code scores[i] = exp((scores[i] - max) * scale)}.
   *
   * @return their sum, in 16 lanes as in {@link #sumOfSquares}
   */
  float expSum(float[] scores, int at, int n, float scale);

  /**
   * Adds the values of a block, weighted by probabilities: {@code out[i, d] += sum over p of
   * probs[i, position + p] * v[p, d]}, p ascending, over the positions that query i sees.
   *
   * @param position the first of the block
   */
  void weightedSum(
      KvPanel v, float[] probs, int position, Queries queries, float[] out, Scratch scratch);

  /** {@code x[i] *= factor}. */
  void multiply(float[] x, int offset, int n, float factor);
}
