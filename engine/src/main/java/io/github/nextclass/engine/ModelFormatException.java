package io.github.nextclass.engine;

import java.io.IOException;

/**
 * A checkpoint that cannot be loaded; the message names file, tensor or key, found and expected.
 */
public final class ModelFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message file, tensor or key, found and expected
   */
  public ModelFormatException(String message) {
    super(message);
  }
}
