package io.github.nextclass.engine.backend;

/**
 * The keys and values of one sequence in all layers, in memory that belongs to a {@link Backend}.
 * How many positions are filled is known to the session that owns it. Not thread-safe.
 */
public interface KvCache extends AutoCloseable {
  /**
   * The largest number of positions.
   *
   * @return the capacity, at least 1
   */
  int capacity();

  /**
   * Forgets everything from a position on.
   *
   * @param length the number of positions to keep
   */
  void truncate(int length);

  /**
   * A cache of its own that holds the same first positions. Neither sees what the other does
   * afterwards.
   *
   * @param length the number of positions that both have
   * @return the new cache, with the same capacity
   */
  KvCache fork(int length);

  /** Gives the memory back. Closing twice does nothing. */
  @Override
  void close();
}
