package io.github.nextclass.cuda;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An operation of a pass that was asked for and has not run. Which tokens a pass works on is not
 * part of it but stands in the {@link PassTables}, so that the operations of two passes of the same
 * shape are equal.
 */
sealed interface Op {
  /** A linear layer. */
  record Layer(CudaWeight weight, @Nullable CudaWeight bias) {}

  record Embed(CudaWeight table, int tokens, CudaBuffer x) implements Op {}

  record EmbedChosen(CudaWeight table, CudaBuffer chosen, int tokens, CudaBuffer x) implements Op {}

  record RmsNorm(CudaBuffer x, CudaWeight weight, float eps, int tokens, CudaBuffer out)
      implements Op {}

  record Linears(List<Layer> layers, CudaBuffer x, int tokens, List<CudaBuffer> outs)
      implements Op {}

  record Rotate(CudaBuffer x, int half, int tokens) implements Op {}

  record Append(int layer, CudaBuffer k, CudaBuffer v, int tokens) implements Op {}

  /**
   * Attention.
   *
   * @param oneSequence whether all rows follow each other in one sequence
   * @param ownSequences whether each row is alone in its sequence, so that no row needs the key
   *     that another one appends in the same pass
   * @param longest a power of two that no row has more positions than, its own counted: what a
   *     launch is large enough for
   */
  record Attention(
      int layer,
      CudaBuffer q,
      int tokens,
      boolean oneSequence,
      boolean ownSequences,
      int longest,
      CudaBuffer out)
      implements Op {}

  record SiluMul(CudaBuffer gate, CudaBuffer up, int tokens) implements Op {}

  record Add(CudaBuffer x, CudaBuffer branch, int tokens) implements Op {}

  /**
   * A gather.
   *
   * @param inOrder whether the rows are 0, 1, 2, ...
   */
  record Gather(CudaBuffer x, int count, boolean inOrder, CudaBuffer out) implements Op {}

  /** The best of the first classes, for each of the rows that were gathered. */
  record Choose(CudaBuffer scores, int classes, int count, CudaBuffer chosen) implements Op {}
}
