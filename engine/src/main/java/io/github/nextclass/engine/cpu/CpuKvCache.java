package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.KvCacheFormat;
import io.github.nextclass.engine.backend.KvCache;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The keys and values of one sequence, in blocks of 64 positions over all layers. Inside a block:
 *
 * <pre>
 *   layer 0                                               layer 1
 *   K head 0 | K head 1 | ... | V head 0 | V head 1 | ... | K head 0 | ...
 * </pre>
 *
 * <p>{@link KvPanel} says how the numbers of a head lie.
 */
final class CpuKvCache implements KvCache {
  private static final int BLOCK = Primitives.BLOCK;

  /** The numbers that place a head in a block. */
  record Shape(int numHiddenLayers, int numKeyValueHeads, int headDim, KvCacheFormat format) {
    long bytesPerPosition() {
      return blockBytes() / BLOCK;
    }

    long blockBytes() {
      return 2L * numHiddenLayers * numKeyValueHeads * headBytes();
    }

    /** The keys, or the values, of one head in a block. */
    long headBytes() {
      return KvPanel.bytes(format, headDim);
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

  /** The keys of a head in the block that a position is in. */
  KvPanel keys(int layer, int kvHead, int position) {
    return panel(true, shape.keysOffsetBytes(layer, kvHead), position);
  }

  /** The values of a head in the block that a position is in. */
  KvPanel values(int layer, int kvHead, int position) {
    return panel(false, shape.valuesOffsetBytes(layer, kvHead), position);
  }

  private KvPanel panel(boolean keys, long offsetBytes, int position) {
    return KvPanel.of(shape.format(), keys, block(position), offsetBytes, shape.headDim());
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

  /** Writes the numbers of one head at one position of one layer, from {@code at} on. */
  void write(int layer, int head, int position, float[] k, float[] v, int at) {
    keys(layer, head, position).put(position % BLOCK, k, at);
    values(layer, head, position).put(position % BLOCK, v, at);
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
