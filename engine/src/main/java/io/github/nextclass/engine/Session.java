package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.KvCache;
import java.util.ConcurrentModificationException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One sequence of tokens and its KV cache. A session belongs to one thread at a time and says so
 * when misused; different sessions of one engine may be used by different threads, and their passes
 * take turns.
 */
public final class Session implements AutoCloseable {
  private final Engine engine;
  private KvCache cache;
  private long reservedBytes;
  private final AtomicBoolean inUse = new AtomicBoolean();
  private int position;
  private boolean closed;

  Session(Engine engine, KvCache cache, long reservedBytes, int position) {
    this.engine = engine;
    this.cache = cache;
    this.reservedBytes = reservedBytes;
    this.position = position;
  }

  /**
   * The number of tokens so far, which is the position of the next one.
   *
   * @return from 0 to {@link #capacity}
   */
  public int position() {
    return position;
  }

  /**
   * The largest number of tokens.
   *
   * @return the capacity, at least 1
   */
  public int capacity() {
    return cache.capacity();
  }

  /**
   * Appends tokens and asks for the class of the next one.
   *
   * @param tokenIds the tokens, at least one, each from 0 to vocabSize - 1
   * @return the scores of all classes after the last token {@code [vocabSize]}, the caller's to
   *     keep
   * @throws IllegalArgumentException if a token id is out of range, or there is no room
   * @throws IllegalStateException if the session or its engine is closed
   * @throws ConcurrentModificationException if another thread is using the session
   * @throws java.util.concurrent.CancellationException if the thread is interrupted between two
   *     passes; the passes that were finished stay appended
   */
  public float[] forward(int... tokenIds) {
    return forward(tokenIds, engine.lmHead());
  }

  /**
   * Appends tokens and asks a head after the last of them.
   *
   * @param tokenIds the tokens, at least one
   * @param head a head of the same engine
   * @return what it makes of the last token {@code [head.size()]}, the caller's to keep
   * @throws RuntimeException as {@link #forward(int...)}
   */
  public float[] forward(int[] tokenIds, Head head) {
    float[][] last = new float[1][];
    run(tokenIds, Passes.Wanted.LAST, head, (at, result) -> last[0] = result);
    return last[0];
  }

  /**
   * Appends tokens and visits the scores after each of them. The body runs over all of them in
   * parallel; that is what makes scoring a text, and training, fast.
   *
   * @param tokenIds the tokens, at least one
   * @param visitor takes the logits of each position in order
   * @throws RuntimeException as {@link #forward(int...)}, and what the visitor throws
   */
  public void forward(int[] tokenIds, LogitsVisitor visitor) {
    run(tokenIds, Passes.Wanted.ALL, engine.lmHead(), visitor);
  }

  /**
   * Appends tokens without asking for scores: the start of a prompt, or a part of it.
   *
   * @param tokenIds the tokens, at least one
   * @throws RuntimeException as {@link #forward(int...)}
   */
  public void append(int... tokenIds) {
    run(tokenIds, Passes.Wanted.LAST, null, (at, result) -> {});
  }

  /**
   * Greedy decoding: appends tokens, chooses the class with the greatest score (the lowest of equal
   * ones), appends its token, and so on. No scores come back, and on a device not even the ids
   * before several steps are made, so this is the fastest way to decode.
   *
   * @param tokenIds the tokens to begin with, at least one
   * @param count how many to choose, at least 1
   * @return the tokens chosen, in order; all but the last are appended, so that the last one is
   *     what to go on with
   * @throws RuntimeException as {@link #forward(int...)}
   * @throws ArithmeticException if a score is not a number
   */
  public int[] greedy(int[] tokenIds, int count) {
    return engine.greedyTogether(List.of(this), List.of(tokenIds), count)[0];
  }

  /**
   * As {@link #greedy}, with the score and the probability of each class chosen: what remains of
   * the scores where nobody reads them all.
   *
   * @param tokenIds the tokens to begin with, at least one
   * @param count how many to choose, at least 1
   * @param classes of how many classes, from the first: a weight matrix can have padding rows
   *     behind the last token
   * @return what was chosen, in order; all but the last are appended
   * @throws RuntimeException as {@link #greedy}
   */
  public BestClass[] best(int[] tokenIds, int count, int classes) {
    return engine.bestTogether(List.of(this), List.of(tokenIds), count, classes)[0];
  }

  private void run(
      int[] tokenIds, Passes.Wanted wanted, @Nullable Head head, LogitsVisitor visitor) {
    exclusively(() ->
        engine.run(
            List.of(this),
            List.of(tokenIds),
            wanted,
            head,
            (sequence, position, result) -> visitor.accept(position, result)));
  }

  /**
   * A session of its own with the same tokens so far. The keys and values are shared until one of
   * the two writes.
   *
   * @return the new session, with the same capacity
   * @throws MemoryBudgetException if its cache does not fit the budget
   */
  public Session fork() {
    Session[] copy = new Session[1];
    exclusively(() -> copy[0] = engine.fork(cache, position));
    return copy[0];
  }

  /**
   * Forgets the tokens from a position on.
   *
   * @param newPosition how many to keep, from 0 to {@link #position}
   */
  public void truncate(int newPosition) {
    if (newPosition < 0 || newPosition > position) {
      throw new IllegalArgumentException(
          "cannot truncate to " + newPosition + ", expected 0 to " + position);
    }
    exclusively(() -> {
      cache.truncate(newPosition);
      position = newPosition;
    });
  }

  /**
   * Goes on as another session: takes over its tokens and its KV cache, and closes it. What this
   * one held is given back. So one of several branches can become the trunk.
   *
   * @param branch a session of the same engine, such as a {@link #fork} of this one
   * @throws IllegalArgumentException if it is this one, or of another engine
   */
  public void adopt(Session branch) {
    if (branch == this || branch.engine != engine) {
      throw new IllegalArgumentException(
          "cannot adopt " + (branch == this ? "itself" : "a session of another engine"));
    }
    exclusively(() ->
        branch.exclusively(() -> {
          KvCache ownCache = cache;
          long ownBytes = reservedBytes;
          cache = branch.cache;
          reservedBytes = branch.reservedBytes;
          position = branch.position;
          branch.cache = ownCache;
          branch.reservedBytes = ownBytes;
          branch.free();
        }));
  }

  /** Gives the KV cache back. Closing twice does nothing. */
  @Override
  public void close() {
    enter();
    try {
      free();
    } finally {
      leave();
    }
  }

  /**
   * For the engine's end. A session that a thread is just using is left to that thread, whose next
   * pass will fail.
   */
  void closeUnlessInUse() {
    if (inUse.compareAndSet(false, true)) {
      try {
        free();
      } finally {
        leave();
      }
    }
  }

  private void free() {
    if (!closed) {
      closed = true;
      engine.release(this, cache, reservedBytes);
    }
  }

  KvCache cache() {
    return cache;
  }

  void advance(int tokens) {
    position += tokens;
  }

  /** Runs with the session to itself. */
  void exclusively(Runnable action) {
    enter();
    try {
      checkOpen();
      action.run();
    } finally {
      leave();
    }
  }

  void enter() {
    if (!inUse.compareAndSet(false, true)) {
      engine.checkOpen(); // an engine that closes takes its sessions for a moment
      throw new ConcurrentModificationException(
          "this session is in use by another thread; a session belongs to one at a time");
    }
  }

  void leave() {
    inUse.set(false);
  }

  void checkOpen() {
    if (closed) {
      throw new IllegalStateException("session is closed");
    }
  }
}
