package io.github.nextclass.safetensors;

import java.io.IOException;

/**
 * A file that is not valid safetensors; the message names file, tensor, what was found and what was
 * expected.
 */
public final class SafetensorsException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message file, tensor where there is one, found and expected
   */
  public SafetensorsException(String message) {
    super(message);
  }
}
