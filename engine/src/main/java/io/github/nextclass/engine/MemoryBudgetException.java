package io.github.nextclass.engine;

/**
 * More memory is needed than the budget has left; the message gives both numbers and what would
 * fit.
 */
public final class MemoryBudgetException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message need, budget and what would fit
   */
  public MemoryBudgetException(String message) {
    super(message);
  }
}
