package io.github.nextclass.engine.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.github.nextclass.engine.KvCacheFormat;
import io.github.nextclass.engine.backend.KvCache;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The keys and values of one sequence, in blocks of 64 positions over all layers. Inside a block:
 *
 * <pre>
 *   layer 0                                    layer 1
 *   K head 0 | K head 1 | ... | V head 0 | V head 1 | ... | K head 0 | ...
 *
 *   K of a head: [headDim, 64]     positions lie side by side, so that a vector holds the scores of 16 of them
 *   V of a head: [64, headDim]     dimensions lie side by side, so that a vector holds 16 of a sum of values
 * </pre>
 *
 * <p>Either way no loop ends in a horizontal sum. In BF16 the numbers of a head lie in pairs, 16
 * apart, so that one vector of pairs widens to two vectors of neighbours ({@link
 * Primitives#widenPairs}):
 *
 * <pre>
 *   floats   0 1 2 ... 15 | 16 17 ... 31 | 32 ...
 *   bf16     0 16 1 17 2 18 ... 15 31 | 32 48 ...
 * </pre>
 */
final class CpuKvCache implements KvCache {
  private static final int BLOCK = Primitives.BLOCK;

  /** The numbers that place a head in a block. */
  record Shape(int numHiddenLayers, int numKeyValueHeads, int headDim, KvCacheFormat format) {
    long bytesPerPosition() {
      return 2L * numHiddenLayers * numKeyValueHeads * headDim * format.elementBytes();
    }

    long blockBytes() {
      return BLOCK * bytesPerPosition();
    }

    /** The keys, or the values, of one head in a block. */
    long headBytes() {
      return (long) BLOCK * headDim * format.elementBytes();
    }

    long keysOffsetBytes(int layer, int kvHead) {
      return (2L * layer * numKeyValueHeads + kvHead) * headBytes();
    }

    long valuesOffsetBytes(int layer, int kvHead) {
      return ((2L * layer + 1) * numKeyValueHeads + kvHead) * headBytes();
    }
  }

  private final Shape shape;
  private final KvBlocks pool;
  private final int capacity;
  private final List<KvBlocks.Block> blocks = new ArrayList<>();

  CpuKvCache(Shape shape, KvBlocks pool, int capacity) {
    this.shape = shape;
    this.pool = pool;
    this.capacity = capacity;
  }

  @Override
  public int capacity() {
    return capacity;
  }

  /**
   * The keys of a head in the block that begins at a position, {@code [headDim, 64]}, as they are
   * held.
   */
  MemorySegment keys(int layer, int kvHead, int position) {
    return block(position).asSlice(shape.keysOffsetBytes(layer, kvHead), shape.headBytes());
  }

  /**
   * The values of a head in the block that begins at a position, {@code [64, headDim]}, as they are
   * held.
   */
  MemorySegment values(int layer, int kvHead, int position) {
    return block(position).asSlice(shape.valuesOffsetBytes(layer, kvHead), shape.headBytes());
  }

  private MemorySegment block(int position) {
    return blocks.get(position / BLOCK).segment();
  }

  /**
   * Makes the blocks of some positions writable: takes those that are not there, copies those that
   * are shared.
   */
  void prepare(int from, int count) {
    for (int i = from / BLOCK; i <= (from + count - 1) / BLOCK; i++) {
      if (i == blocks.size()) {
        blocks.add(pool.take());
      } else {
        blocks.set(i, pool.own(blocks.get(i)));
      }
    }
  }

  /** Writes one position of one layer. */
  void write(int layer, int position, float[] k, int kOffset, float[] v, int vOffset) {
    MemorySegment block = block(position);
    int slot = position % BLOCK;
    int headDim = shape.headDim();
    for (int head = 0; head < shape.numKeyValueHeads(); head++) {
      long keys = shape.keysOffsetBytes(layer, head);
      long values = shape.valuesOffsetBytes(layer, head);
      int from = head * headDim;
      switch (shape.format()) {
        case F32 -> {
          for (int d = 0; d < headDim; d++) {
            long at = keys + (long) (d * BLOCK + slot) * Float.BYTES;
            block.set(JAVA_FLOAT_UNALIGNED, at, k[kOffset + from + d]);
          }
          long at = values + (long) slot * headDim * Float.BYTES;
          MemorySegment.copy(v, vOffset + from, block, JAVA_FLOAT_UNALIGNED, at, headDim);
        }
        case BF16 -> {
          for (int d = 0; d < headDim; d++) {
            long key = keys + Bf16.pairOffsetBytes(d * BLOCK + slot);
            block.set(JAVA_SHORT_UNALIGNED, key, Bf16.round(k[kOffset + from + d]));
            long value = values + Bf16.pairOffsetBytes(slot * headDim + d);
            block.set(JAVA_SHORT_UNALIGNED, value, Bf16.round(v[vOffset + from + d]));
          }
        }
      }
    }
  }

  @Override
  public void truncate(int length) {
    int keep = (length + BLOCK - 1) / BLOCK;
    while (blocks.size() > keep) {
      pool.release(blocks.removeLast());
    }
  }

  @Override
  public KvCache fork(int length) {
    CpuKvCache other = new CpuKvCache(shape, pool, capacity);
    for (KvBlocks.Block block : blocks.subList(0, (length + BLOCK - 1) / BLOCK)) {
      pool.share(block);
      other.blocks.add(block);
    }
    return other;
  }

  @Override
  public void close() {
    truncate(0);
  }
}
