package io.github.nextclass.engine.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The memory of all KV caches, in blocks of {@link Primitives#BLOCK} positions that caches share
 * until one writes (the idea of PagedAttention, Kwon et al., 2023). Off the heap: 4,096 positions
 * of the 0.6B model are 900 MB in floats. Thread-safe.
 */
final class KvBlocks implements AutoCloseable {
  /** Freed blocks kept for the next session; more than these go back to the operating system. */
  private static final int KEPT = 8;

  private final long blockBytes;
  private final Deque<Block> free = new ArrayDeque<>();
  private boolean any;
  private boolean closed;

  /** A block and the number of caches that hold it. */
  static final class Block {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;
    private int holders = 1;

    /** The first one is of small pages: a short answer does not wait for the linker, 60 ms. */
    private Block(long bytes, boolean first) {
      segment =
          first
              ? arena.allocate(bytes, LargePages.CACHE_LINE_BYTES)
              : LargePages.allocate(arena, bytes);
    }

    MemorySegment segment() {
      return segment;
    }
  }

  KvBlocks(long blockBytes) {
    this.blockBytes = blockBytes;
  }

  synchronized Block take() {
    if (closed) {
      throw new IllegalStateException("model is closed");
    }
    Block block = free.poll();
    if (block == null) {
      boolean first = !any;
      any = true;
      return new Block(blockBytes, first);
    }
    block.holders = 1;
    return block;
  }

  synchronized void share(Block block) {
    block.holders++;
  }

  /** The block itself where nobody else holds it, else a copy that the caller holds instead. */
  Block own(Block block) {
    synchronized (this) {
      if (block.holders == 1) {
        return block;
      }
    }
    Block copy = take();
    copy.segment.copyFrom(block.segment);
    release(block);
    return copy;
  }

  synchronized void release(Block block) {
    if (--block.holders > 0) {
      return;
    }
    if (!closed && free.size() < KEPT) {
      free.push(block);
    } else {
      block.arena.close();
    }
  }

  /** Frees what nobody holds; blocks that caches still hold are freed when those are closed. */
  @Override
  public synchronized void close() {
    closed = true;
    free.forEach(block -> block.arena.close());
    free.clear();
  }
}
