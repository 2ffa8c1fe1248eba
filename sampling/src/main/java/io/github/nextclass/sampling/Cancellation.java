package io.github.nextclass.sampling;

/**
 * A switch by which any thread stops a generation that runs on another. It cannot be reset: make
 * one for each generation, or share one between generations that shall end together.
 *
 * <p>The generation ends before its next step with {@link FinishReason#CANCELLED}, and what was
 * generated so far is returned. Thread-safe.
 */
public final class Cancellation {
  private volatile boolean cancelled;

  /** Creates a switch that is off. */
  public Cancellation() {}

  /** Stops every generation that was started with this switch. */
  public void cancel() {
    cancelled = true;
  }

  /**
   * Tells whether {@link #cancel()} was called.
   *
   * @return true from the first call on
   */
  public boolean isCancelled() {
    return cancelled;
  }
}
