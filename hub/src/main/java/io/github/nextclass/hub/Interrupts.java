package io.github.nextclass.hub;

import java.io.InterruptedIOException;

/** An interrupted download is an exception like others, and the thread stays interrupted. */
final class Interrupts {
  private Interrupts() {}

  static InterruptedIOException convert(InterruptedException e) {
    Thread.currentThread().interrupt();
    InterruptedIOException converted = new InterruptedIOException("the download was interrupted");
    converted.initCause(e);
    return converted;
  }
}
