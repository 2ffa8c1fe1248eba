package io.github.nextclass.cuda;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/**
 * The memory of all KV caches, in pages of {@link #POSITIONS} positions that caches share until one
 * writes (the idea of PagedAttention, Kwon et al., 2023). Thread-safe: sessions are closed while
 * others compute. The device is made the thread's inside of the lock: a virtual thread that waits
 * for a lock may go on as another thread of the driver's.
 */
final class KvPages {
  /** As in {@code attention.cuh}. */
  static final int POSITIONS = 64;

  /** Freed pages kept for the next session; more than these go back to the device. */
  private static final int KEPT = 8;

  private final CudaApi api;
  private final long pageBytes;
  private final Deque<Page> free = new ArrayDeque<>();
  private final Set<Page> all = new HashSet<>();
  private boolean closed;

  /** A page and the number of caches that hold it. */
  static final class Page {
    private final CudaApi.DeviceMemory memory;
    private int holders = 1;

    private Page(CudaApi.DeviceMemory memory) {
      this.memory = memory;
    }

    long address() {
      return memory.address();
    }
  }

  /** The positions of as many whole pages as hold so many. */
  static int roundedUp(int positions) {
    return (positions + POSITIONS - 1) / POSITIONS * POSITIONS;
  }

  KvPages(CudaApi api, long pageBytes) {
    this.api = api;
    this.pageBytes = pageBytes;
  }

  synchronized Page take() {
    Page page = free.poll();
    if (page == null) {
      api.enter();
      try {
        page = new Page(api.allocate(pageBytes));
      } finally {
        api.leave();
      }
      all.add(page);
    }
    page.holders = 1;
    return page;
  }

  synchronized void share(Page page) {
    page.holders++;
  }

  /** The page itself where nobody else holds it, else a copy that the caller holds instead. */
  synchronized Page own(Page page) {
    if (page.holders == 1) {
      return page;
    }
    Page copy = take();
    api.enter();
    try {
      api.copyOnDevice(page.memory, copy.memory); // on the stream, after what was put there before
    } finally {
      api.leave();
    }
    page.holders--;
    return copy;
  }

  synchronized void release(Page page) {
    if (--page.holders > 0 || closed) {
      return;
    }
    if (free.size() < KEPT) {
      free.push(page);
    } else {
      all.remove(page);
      api.enter();
      try {
        api.free(page.memory);
      } finally {
        api.leave();
      }
    }
  }

  /** Frees all of them, those that caches still hold too: the device is about to be closed. */
  synchronized void close() {
    closed = true;
    all.forEach(page -> api.free(page.memory));
    all.clear();
    free.clear();
  }
}
