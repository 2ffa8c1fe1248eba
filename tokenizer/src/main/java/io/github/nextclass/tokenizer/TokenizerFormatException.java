package io.github.nextclass.tokenizer;

import java.io.IOException;

/**
 * A tokenizer file that cannot be used; the message names the file, the place, found and expected.
 */
public final class TokenizerFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message file, place, found and expected
   */
  public TokenizerFormatException(String message) {
    super(message);
  }
}
