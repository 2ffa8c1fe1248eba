package io.github.nextclass.engine;

/** How the inner loops of the CPU backend run. Both ways give the same bits. */
public enum PrimitivesChoice {
  /**
   * The Vector API where it is there and the model's rows fit it, else scalar; the log says why.
   */
  AUTO,
  /** Plain loops. */
  SCALAR,
  /** The Vector API; loading fails, with the reason, where it cannot be used. */
  VECTOR
}
