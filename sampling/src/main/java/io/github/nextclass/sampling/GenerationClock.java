package io.github.nextclass.sampling;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The time of a generation, and what can end it from outside: its deadline, its cancellation, an
 * interrupt. Runs from the first {@link #start}.
 */
final class GenerationClock {
  private final @Nullable Duration deadline;
  private final Cancellation cancellation;
  private final LongSupplier nanoClock;
  private boolean started;
  private long startNanos;

  GenerationClock(@Nullable Duration deadline, Cancellation cancellation, LongSupplier nanoClock) {
    this.deadline = deadline;
    this.cancellation = cancellation;
    this.nanoClock = nanoClock;
  }

  /** Starts. Later calls do nothing. */
  void start() {
    if (!started) {
      started = true;
      startNanos = nanoClock.getAsLong();
    }
  }

  Duration elapsed() {
    return started ? Duration.ofNanos(nanoClock.getAsLong() - startNanos) : Duration.ZERO;
  }

  /** Why to end now; null to go on. */
  @Nullable FinishReason obstacle() {
    if (cancellation.isCancelled() || Thread.currentThread().isInterrupted()) {
      return FinishReason.CANCELLED;
    }
    return deadline != null && elapsed().compareTo(deadline) >= 0 ? FinishReason.DEADLINE : null;
  }

  /**
   * Has a classifier read a prompt until only some of its tokens are left, in pieces. Returns what
   * kept it from that.
   *
   * @param unread how many tokens may be left, at least 1
   */
  @Nullable FinishReason read(TokenClassifier classifier, TokenHistory prompt, int unread) {
    while (true) {
      FinishReason obstacle = obstacle();
      int from = classifier.position();
      int rest = prompt.length() - from;
      if (obstacle != null || rest <= unread) {
        return obstacle;
      }
      classifier.read(prompt.range(from, from + Math.min(rest - 1, classifier.pieceLength())));
    }
  }
}
