package io.github.nextclass.sampling;

/**
 * No class can be chosen at some step, for instance because the settings leave none.
 *
 * <p>What was generated before the step is not lost: {@link Decoder#result()} still returns it.
 */
public class DecodingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The step that failed. */
  private final int step;

  /**
   * Creates the exception.
   *
   * @param step the step that failed; the first is 0
   * @param message what is wrong
   */
  public DecodingException(int step, String message) {
    super("step " + step + ": " + message);
    this.step = step;
  }

  /**
   * Returns the step that failed.
   *
   * @return the number of tokens chosen before
   */
  public int step() {
    return step;
  }
}
