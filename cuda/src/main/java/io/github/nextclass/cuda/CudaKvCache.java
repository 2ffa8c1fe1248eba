package io.github.nextclass.cuda;

import io.github.nextclass.engine.backend.KvCache;
import java.util.ArrayList;
import java.util.List;

/** The keys and values of one sequence: a list of pages, laid out as {@code attention.cuh} says. */
final class CudaKvCache implements KvCache {
  private final KvPages pool;
  private final int capacity;
  private final List<KvPages.Page> pages = new ArrayList<>();

  CudaKvCache(KvPages pool, int capacity) {
    this.pool = pool;
    this.capacity = capacity;
  }

  @Override
  public int capacity() {
    return capacity;
  }

  int pageCount() {
    return pages.size();
  }

  void addAddresses(List<Long> to) {
    pages.forEach(page -> to.add(page.address()));
  }

  /**
   * Makes the pages of some positions writable: takes those that are not there, copies those that
   * are shared.
   */
  void prepare(int from, int count) {
    for (int i = from / KvPages.POSITIONS; i <= (from + count - 1) / KvPages.POSITIONS; i++) {
      if (i == pages.size()) {
        pages.add(pool.take());
      } else {
        pages.set(i, pool.own(pages.get(i)));
      }
    }
  }

  @Override
  public void truncate(int length) {
    int keep = (length + KvPages.POSITIONS - 1) / KvPages.POSITIONS;
    while (pages.size() > keep) {
      pool.release(pages.removeLast());
    }
  }

  @Override
  public KvCache fork(int length) {
    CudaKvCache other = new CudaKvCache(pool, capacity);
    for (KvPages.Page page :
        pages.subList(0, (length + KvPages.POSITIONS - 1) / KvPages.POSITIONS)) {
      pool.share(page);
      other.pages.add(page);
    }
    return other;
  }

  @Override
  public void close() {
    truncate(0);
  }
}
