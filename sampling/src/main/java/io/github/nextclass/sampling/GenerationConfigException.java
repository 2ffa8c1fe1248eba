package io.github.nextclass.sampling;

import java.io.IOException;

/**
 * A generation_config.json that cannot be used; the message names the file, the key, what was found
 * and expected.
 */
public final class GenerationConfigException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message file, key, found and expected
   */
  public GenerationConfigException(String message) {
    super(message);
  }

  /**
   * Creates the exception.
   *
   * @param message file, key, found and expected
   * @param cause what the parser or a range check said
   */
  public GenerationConfigException(String message, Throwable cause) {
    super(message, cause);
  }
}
