package io.github.nextclass.engine;

/** Hears how far the quantising of weights is, from threads of the engine, one call at a time. */
@FunctionalInterface
public interface LoadProgress {
  /** Hears nothing. */
  LoadProgress NONE = (done, total) -> {};

  /**
   * Some weights were quantised.
   *
   * @param done how many so far
   * @param total how many in all, at least 1
   */
  void report(long done, long total);
}
