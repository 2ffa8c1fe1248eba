package io.github.nextclass.engine.backend;

import io.github.nextclass.safetensors.Tensor;
import java.util.List;
import java.util.OptionalLong;

/**
 * Where tensors live and how the operations of the transformer run. The operations are coarse, so
 * that a call costs nothing beside the work, and the handles are opaque, so that nothing is copied
 * between operations.
 *
 * <p>One pass runs at a time: the caller serialises calls. Shapes are the caller's duty too; they
 * were checked when the checkpoint was loaded.
 *
 * <p>In the equations {@code t} is a row (a token) of the pass, {@code tokens} their number.
 */
public interface Backend extends AutoCloseable {

  /**
   * What runs here, in a few words for a person: instruction set, threads, device.
   *
   * @return a short description
   */
  String description();

  /**
   * Takes a weight in. On a CPU the mapped bytes are used where they are; on a device they are
   * copied.
   *
   * @param tensor a matrix or vector in F32, F16 or BF16
   * @return its handle
   */
  Weight weight(Tensor tensor);

  /**
   * Takes a quantised matrix in.
   *
   * @param matrix the matrix of a linear layer
   * @return its handle
   * @throws UnsupportedOperationException if this backend multiplies floats only
   */
  default Weight weight(QuantizedMatrix matrix) {
    throw new UnsupportedOperationException(
        description() + " cannot run quantised weights, only F32, F16 and BF16");
  }

  /**
   * The memory that {@link #weight(QuantizedMatrix)} takes beside the file.
   *
   * @param matrix the matrix of a linear layer
   * @return the number of bytes; 0 where the mapped bytes are used
   */
  default long copiedBytes(QuantizedMatrix matrix) {
    return 0;
  }

  /**
   * Makes room for activations.
   *
   * @param rows the largest number of tokens in a pass
   * @param columns the number of floats for each token
   * @return the buffer, content undefined
   */
  Buffer buffer(int rows, int columns);

  /**
   * Makes a KV cache.
   *
   * @param capacity the largest number of positions
   * @return the cache, empty
   */
  KvCache kvCache(int capacity);

  /**
   * The memory that one position takes in a KV cache, all layers together.
   *
   * @return the number of bytes
   */
  long kvBytesPerPosition();

  /**
   * The memory that KV caches may take on a device, asked when all weights are taken.
   *
   * @return the number of bytes; empty where caches are in main memory
   */
  default OptionalLong deviceFreeBytes() {
    return OptionalLong.empty();
  }

  /**
   * Token ids to vectors: {@code x[t] = embedTokens[tokenIds[t]]}.
   *
   * @param embedTokens the table {@code [vocabSize, hiddenSize]}
   * @param step the tokens
   * @param x the result {@code [tokens, hiddenSize]}
   */
  void embed(Weight embedTokens, Step step, Buffer x);

  /**
   * Root mean square norm (Zhang and Sennrich, 2019) over each vector of {@code weight.columns()}
   * floats: {@code out = weight * x / sqrt(mean(x^2) + eps)}. A row that holds several vectors, one
   * a head, has each of them normed.
   *
   * @param x the input {@code [tokens, n * weight.columns()]}
   * @param weight the scale
   * @param eps the number added to the mean
   * @param tokens the number of rows
   * @param out the result; may be {@code x}
   */
  void rmsNorm(Buffer x, Weight weight, float eps, int tokens, Buffer out);

  /**
   * A linear layer on each row: {@code out[t] = W x[t] + b}.
   *
   * @param linear the weight {@code [outFeatures, inFeatures]} and its bias
   * @param x the input {@code [tokens, inFeatures]}
   * @param tokens the number of rows
   * @param out the result {@code [tokens, outFeatures]}
   */
  void linear(Linear linear, Buffer x, int tokens, Buffer out);

  /**
   * Several linear layers of the same input: q, k and v, or gate and up. Here they run one after
   * the other; a backend that gains by it runs them together.
   *
   * @param linears the layers
   * @param x the input they share {@code [tokens, inFeatures]}
   * @param tokens the number of rows
   * @param outs the results, in the order of the layers
   */
  default void linears(List<Linear> linears, Buffer x, int tokens, List<Buffer> outs) {
    for (int i = 0; i < linears.size(); i++) {
      linear(linears.get(i), x, tokens, outs.get(i));
    }
  }

  /**
   * Rotary position embedding (Su et al., 2021) on each head of {@code 2 * half} floats, with split
   * halves:
   *
   * <pre>
   *   one head     [ a0 a1 ... a(half-1) | b0 b1 ... b(half-1) ]
   *   a'i = ai cos(p fi) - bi sin(p fi)
   *   b'i = bi cos(p fi) + ai sin(p fi)        p: position, fi: frequency i
   * </pre>
   *
   * @param x the queries or keys {@code [tokens, heads * 2 * half]}, rotated in place
   * @param rope the cosines and sines
   * @param step the positions
   */
  void rope(Buffer x, Rope rope, Step step);

  /**
   * Appends keys and values to the cache of each sequence.
   *
   * @param layer the layer, from 0
   * @param k the keys after RoPE {@code [tokens, numKeyValueHeads * headDim]}
   * @param v the values {@code [tokens, numKeyValueHeads * headDim]}
   * @param step the rows of each sequence
   */
  void appendToCache(int layer, Buffer k, Buffer v, Step step);

  /**
   * Causal grouped-query attention (Ainslie et al., 2023) of each row over its own sequence up to
   * its own position:
   *
   * <pre>
   *   scores[p] = (q . k[p]) / sqrt(headDim)      p = 0 .. position of the row
   *   out       = sum over p of softmax(scores)[p] * v[p]
   *
   *   query heads   0 1 | 2 3 | 4 5 | 6 7         numAttentionHeads  = 8
   *   kv heads       0  |  1  |  2  |  3          numKeyValueHeads   = 4
   * </pre>
   *
   * @param layer the layer, from 0
   * @param q the queries after RoPE {@code [tokens, numAttentionHeads * headDim]}
   * @param step the rows of each sequence
   * @param out the result {@code [tokens, numAttentionHeads * headDim]}
   */
  void attention(int layer, Buffer q, Step step, Buffer out);

  /**
   * The activation of SwiGLU (Shazeer, 2020): {@code gate = silu(gate) * up} with {@code silu(z) =
   * z / (1 + exp(-z))}.
   *
   * @param gate the gate {@code [tokens, intermediateSize]}; holds the result
   * @param up the other factor
   * @param tokens the number of rows
   */
  void siluMul(Buffer gate, Buffer up, int tokens);

  /**
   * The residual connection: {@code x = x + branch}.
   *
   * @param x the residual stream {@code [tokens, hiddenSize]}; holds the result
   * @param branch what is added
   * @param tokens the number of rows
   */
  void add(Buffer x, Buffer branch, int tokens);

  /**
   * Gathers rows: {@code out[i] = x[rows[i]]}.
   *
   * @param x the input
   * @param rows the rows wanted
   * @param out the result, {@code rows.length} rows
   */
  void gather(Buffer x, int[] rows, Buffer out);

  /**
   * Chooses a class for each of some rows: the one with the greatest score, the lowest of equal
   * ones. What is chosen stays where the buffers are, so that the next pass can begin with {@link
   * #embedChosen} before the caller knows it.
   *
   * <pre>
   *   chosen   classes [n] | their scores [n] | totals [n]         n = chosen.columns() / 3
   *
   *   at (p + 1) % n of each, p being the position of row rows[i]:
   *     class   argmax(scores[i])
   *     total   sum over the classes of exp(score - greatest score), which makes probabilities of scores
   * </pre>
   *
   * Ids are floats, exact below 2^24; -1 stands for scores of which one is NaN. The scores may be
   * changed.
   *
   * @param scores the scores {@code [rows.length, classes or more]}
   * @param classes how many of the scores are looked at, from the first
   * @param rows the rows of the pass that they were made of
   * @param step the positions
   * @param chosen holds what was chosen after the last {@code n} positions of each row
   */
  void choose(Buffer scores, int classes, int[] rows, Step step, Buffer chosen);

  /**
   * As {@link #embed}, for tokens that were chosen: {@code x[t] = embedTokens[classes[t][p % n]]}.
   *
   * @param embedTokens the table {@code [vocabSize, hiddenSize]}
   * @param chosen what {@link #choose} has left
   * @param step the positions; its token ids are not looked at
   * @param x the result {@code [tokens, hiddenSize]}
   */
  void embedChosen(Weight embedTokens, Buffer chosen, Step step, Buffer x);

  /**
   * Copies a row to the caller.
   *
   * @param x the buffer
   * @param row the row
   * @return a new array of {@code x.columns()} floats
   */
  float[] read(Buffer x, int row);

  /**
   * Whether {@link #read} is far from where scores are made, so that it pays to choose without
   * reading them, and to make several steps before anybody waits.
   *
   * @return by default false
   */
  default boolean runsAhead() {
    return false;
  }

  /**
   * The most rows that a head with all classes takes at a time. Each row of scores takes 4 bytes a
   * class, and the weights of the head are read once for so many rows.
   *
   * @return by default 16: 16 x 151,936 floats are 10 MB
   */
  default int mostHeadRows() {
    return 16;
  }

  /**
   * Ends a pass. A backend may put operations off, so that it sees more than one before it runs
   * them: up to {@link #read} of what they make, or up to here.
   */
  default void finishPass() {}

  /** Frees all that belongs to this backend, caches of sessions included. */
  @Override
  void close();
}
