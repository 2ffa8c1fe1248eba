package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.quant.BlockMatrix;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/** Lanes of 16 bits in pairs: a lane of 32 bits holds an even one below an odd one. */
final class BlockVectors {
  static final VectorSpecies<Short> S16 = Lanes.I32.withLanes(short.class);

  /** The sign of an even lane of 16 in a lane of 32. */
  static final int EVEN_SIGN = 0x8000;

  private BlockVectors() {}

  /** Where the sum of the pairs of a block starts: see {@link BlockRowKernel}. */
  static IntVector pairsStart() {
    return IntVector.broadcast(Lanes.I32, -EVEN_SIGN * (BlockMatrix.BLOCK / 2));
  }
}
