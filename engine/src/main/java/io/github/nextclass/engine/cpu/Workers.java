package io.github.nextclass.engine.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The threads of one model. A forward pass has some two hundred parallel sections a token, a few
 * microseconds apart: too close for an executor, whose hand-over alone takes longer. So an idle
 * worker first spins for a moment, then parks.
 *
 * <p>Daemon threads of our own, never the common pool. One section runs at a time; the calling
 * thread is worker 0.
 */
final class Workers implements AutoCloseable {
  /** A part of a section. */
  interface Body {
    void run(int worker, int from, int to);
  }

  /**
   * Some 50 microseconds: longer than the gap between two sections of a pass, shorter than anyone
   * notices.
   */
  private static final int SPINS_BEFORE_PARK = 2_000;

  private static final int SPINS_BEFORE_YIELD = 10_000;

  private final Worker[] workers;
  private final AtomicInteger section = new AtomicInteger();
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger running = new AtomicInteger();
  private volatile boolean closed;

  // Of the section that runs; written before it is published by the increment of section.
  private int count;
  private int grain;
  private @Nullable Body body;
  private volatile @Nullable Throwable failure;

  Workers(int threadCount) {
    workers = new Worker[threadCount - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker(i + 1);
    }
    for (Worker worker : workers) {
      worker.thread.start();
    }
  }

  int count() {
    return workers.length + 1;
  }

  /**
   * Runs a body over {@code 0 .. n}, in pieces of {@code grain} that go to whichever thread is
   * free. Which thread runs a piece must not show in the result.
   */
  void forRange(int n, int grain, Body body) {
    if (workers.length == 0 || n <= grain) {
      body.run(0, 0, n);
      return;
    }
    this.count = n;
    this.grain = grain;
    this.body = body;
    this.failure = null;
    next.set(0);
    running.set(workers.length);
    section.incrementAndGet();
    for (Worker worker : workers) {
      worker.wake();
    }
    pieces(0, body);
    awaitWorkers();
    this.body = null;
    if (failure instanceof RuntimeException e) {
      throw e;
    } else if (failure instanceof Error e) {
      throw e;
    }
  }

  @SuppressWarnings(
      "ThreadPriorityCheck") // a yield only where more threads than processors make spinning futile
  private void awaitWorkers() {
    for (int spins = 0; running.get() != 0; spins++) {
      if (spins < SPINS_BEFORE_YIELD) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  private void pieces(int worker, Body body) {
    int n = count;
    int step = grain;
    try {
      for (int from = next.getAndAdd(step); from < n; from = next.getAndAdd(step)) {
        body.run(worker, from, Math.min(from + step, n));
      }
    } catch (RuntimeException | Error e) {
      failure = e;
      next.set(n); // nobody takes another piece
    }
  }

  /** Ends the threads. No section may be running. */
  @Override
  public void close() {
    closed = true;
    for (Worker worker : workers) {
      LockSupport.unpark(worker.thread);
    }
  }

  private final class Worker {
    private final int index;
    private final Thread thread;
    private volatile boolean parked;

    Worker(int index) {
      this.index = index;
      this.thread =
          Thread.ofPlatform().daemon().name("nextclass-worker-" + index).unstarted(this::work);
    }

    /** Costs a system call only where the worker has parked. */
    void wake() {
      if (parked) {
        LockSupport.unpark(thread);
      }
    }

    private void work() {
      int seen = 0;
      while (!closed) {
        int current = await(seen);
        if (current == seen) {
          continue;
        }
        seen = current;
        Body work = body;
        if (work != null) {
          pieces(index, work);
        }
        running.decrementAndGet();
      }
    }

    /**
     * Waits for a section after the last one seen; returns that one where the pool was closed
     * instead.
     */
    private int await(int seen) {
      for (int spins = 0; spins < SPINS_BEFORE_PARK; spins++) {
        int current = section.get();
        if (current != seen || closed) {
          return current;
        }
        Thread.onSpinWait();
      }
      parked = true; // seen by whoever starts the next section, or that section is seen here
      while (section.get() == seen && !closed) {
        LockSupport.park(Workers.this);
      }
      parked = false;
      return section.get();
    }
  }
}
