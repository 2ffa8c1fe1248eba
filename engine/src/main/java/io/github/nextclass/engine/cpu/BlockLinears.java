package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.backend.Buffer;
import io.github.nextclass.engine.backend.Linear;
import java.util.Arrays;
import java.util.List;

/**
 * Linear layers over q8 and q4 weights: the inputs are quantised once, and all layers are one
 * parallel section.
 */
final class BlockLinears {
  /** Pieces of a section for each thread: small ones end together, long ones stream better. */
  private static final int PIECES_A_THREAD = 4;

  /** Panels of a piece where weights are unpacked for many tokens. */
  private static final int PANELS_A_PIECE = 4;

  private final BlockKernels kernels;
  private final Workers workers;
  private final BlockInputs inputs = new BlockInputs();
  private final BlockScratch[] scratch;

  BlockLinears(BlockKernels kernels, Workers workers) {
    this.kernels = kernels;
    this.workers = workers;
    this.scratch = new BlockScratch[workers.count()];
    Arrays.setAll(scratch, i -> new BlockScratch());
  }

  /**
   * Runs the layers if their weights are q8 or q4.
   *
   * @return false if they are neither, and nothing was done
   */
  boolean run(List<Linear> linears, Buffer x, int tokens, List<Buffer> outs) {
    if (linears.stream().noneMatch(linear -> linear.weight() instanceof BlockWeight)) {
      return false;
    }
    if (!linears.stream().allMatch(linear -> linear.weight() instanceof BlockWeight)) {
      throw new IllegalStateException("q8 or q4 and other weights cannot share their inputs");
    }
    run(
        linears.stream().map(linear -> (BlockWeight) linear.weight()).toList(),
        ((CpuBuffer) x).values(),
        tokens,
        outs.stream().map(out -> ((CpuBuffer) out).values()).toList());
    for (int i = 0; i < linears.size(); i++) {
      if (linears.get(i).bias() instanceof CpuVector bias) {
        addBias(bias.values(), tokens, ((CpuBuffer) outs.get(i)).values());
      }
    }
    return true;
  }

  private static void addBias(float[] bias, int tokens, float[] out) {
    for (int t = 0; t < tokens; t++) {
      for (int r = 0; r < bias.length; r++) {
        out[t * bias.length + r] += bias[r];
      }
    }
  }

  /** {@code outs[i] = linears[i] x}, biases not added. */
  private void run(List<BlockWeight> weights, float[] x, int tokens, List<float[]> outs) {
    int bits = weights.getFirst().matrix().bits();
    kernels.prepare(inputs, tokens, weights.getFirst().matrix().columns(), bits);
    workers.forRange(
        kernels.pieces(tokens),
        1,
        (worker, from, to) -> {
          for (int piece = from; piece < to; piece++) {
            kernels.pack(x, inputs, bits, piece);
          }
        });
    int panels = weights.stream().mapToInt(BlockWeight::panels).sum();
    int aPiece =
        kernels.streams(tokens)
            ? Math.max(1, panels / (PIECES_A_THREAD * workers.count()))
            : PANELS_A_PIECE;
    int[] firstPiece = new int[weights.size() + 1];
    for (int i = 0; i < weights.size(); i++) {
      firstPiece[i + 1] = firstPiece[i] + (weights.get(i).panels() + aPiece - 1) / aPiece;
    }
    workers.forRange(
        firstPiece[weights.size()],
        1,
        (worker, fromPiece, toPiece) -> {
          for (int i = 0; i < weights.size(); i++) {
            int from = Math.max(fromPiece - firstPiece[i], 0) * aPiece;
            int to = Math.min((toPiece - firstPiece[i]) * aPiece, weights.get(i).panels());
            if (from < to) {
              kernels.linear(weights.get(i), from, to, inputs, outs.get(i), scratch[worker]);
            }
          }
        });
  }
}
