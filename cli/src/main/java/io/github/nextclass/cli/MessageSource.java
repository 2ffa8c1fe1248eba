package io.github.nextclass.cli;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Where a user's messages come from. */
interface MessageSource extends AutoCloseable {
  /**
   * Waits for the next message.
   *
   * @return the message, possibly of several lines; null if there are no more
   */
  @Nullable String next() throws IOException;

  /**
   * Sets what Ctrl-C does while the model answers.
   *
   * @param action runs in a thread of its own
   */
  void onInterrupt(Runnable action);

  @Override
  void close() throws IOException;
}
