package io.github.nextclass.hub;

import java.io.IOException;

/**
 * A model that cannot be had; the message is one line that names the model, says what happened and
 * what to do about it. What was downloaded before stays, and the next try goes on from there.
 */
public final class HubException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what happened and what to do
   */
  public HubException(String message) {
    super(message);
  }

  /**
   * Creates the exception.
   *
   * @param message what happened and what to do
   * @param cause what happened first
   */
  public HubException(String message, Throwable cause) {
    super(message, cause);
  }
}
