package io.github.nextclass.sampling;

/**
 * The classifier returned scores that are not numbers (NaN): the weights or the arithmetic are
 * broken.
 */
public final class NumericException extends DecodingException {
  private static final long serialVersionUID = 1L;

  /** How many of the scores are NaN. */
  private final int nanCount;

  /**
   * Creates the exception.
   *
   * @param step the step that failed; the first is 0
   * @param nanCount how many scores are NaN
   * @param classes how many scores there are
   */
  public NumericException(int step, int nanCount, int classes) {
    this(step, nanCount, classes, "logits");
  }

  NumericException(int step, int nanCount, int count, String what) {
    super(step, nanCount + " of " + count + " " + what + " are NaN");
    this.nanCount = nanCount;
  }

  /**
   * Returns how many scores are NaN.
   *
   * @return at least 1
   */
  public int nanCount() {
    return nanCount;
  }
}
