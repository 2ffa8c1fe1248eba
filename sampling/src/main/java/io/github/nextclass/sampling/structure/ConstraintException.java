package io.github.nextclass.sampling.structure;

/**
 * A constraint that cannot be used: its text is malformed, asks for something that is not
 * supported, contradicts itself or is too large. The message names the construct and where it
 * stands.
 */
public class ConstraintException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what is wrong, and where
   */
  public ConstraintException(String message) {
    super(message);
  }
}
