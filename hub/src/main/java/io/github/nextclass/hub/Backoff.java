package io.github.nextclass.hub;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Optional;

/**
 * Tries again what may work later: five times in all, after 1, 2, 4 and 8 seconds or as long as the
 * hub asks.
 */
final class Backoff {
  private static final int ATTEMPTS = 5;
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(5);

  /** What is tried. A {@link HubException} is final; of others another attempt may help. */
  interface Attempt<T> {
    T run() throws IOException;
  }

  /** What an attempt failed with, where trying again may help. */
  static final class RetryException extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient Optional<Duration> retryAfter;
    private final String advice;

    /**
     * @param retryAfter how long the hub asks to wait
     * @param advice what to do should it never work
     */
    RetryException(String message, Optional<Duration> retryAfter, String advice) {
      super(message);
      this.retryAfter = retryAfter;
      this.advice = advice;
    }
  }

  /** Makes the message of the end out of the last failure. */
  interface GiveUp {
    HubException explain(IOException last, int attempts);
  }

  private final Machine machine;
  private final ModelName model;
  private final ProgressMeter progress;
  private final GiveUp giveUp;

  Backoff(Machine machine, ModelName model, ProgressMeter progress, GiveUp giveUp) {
    this.machine = machine;
    this.model = model;
    this.progress = progress;
    this.giveUp = giveUp;
  }

  <T> T run(Attempt<T> attempt) throws IOException {
    for (int attempts = 1; ; attempts++) {
      try {
        return attempt.run();
      } catch (HubException | InterruptedIOException e) {
        throw e;
      } catch (RetryException e) {
        Duration wait = e.retryAfter.orElse(exponential(attempts));
        if (attempts == ATTEMPTS || wait.compareTo(LONGEST_WAIT) > 0) {
          String tried = attempts == 1 ? "" : " (%d attempts)".formatted(attempts);
          String asked =
              e.retryAfter.map(time -> ", and asks to wait " + Texts.seconds(time)).orElse("");
          throw new HubException(
              "%s: %s%s%s; %s".formatted(model, e.getMessage(), asked, tried, e.advice), e);
        }
        sleep(e, wait);
      } catch (IOException e) {
        if (attempts == ATTEMPTS) {
          throw giveUp.explain(e, attempts);
        }
        sleep(e, exponential(attempts));
      }
    }
  }

  private static Duration exponential(int attempts) {
    return Duration.ofSeconds(1L << (attempts - 1));
  }

  private void sleep(IOException reason, Duration wait) throws InterruptedIOException {
    progress.onWait(String.valueOf(reason.getMessage()), wait);
    try {
      machine.sleep(wait);
    } catch (InterruptedException e) {
      throw Interrupts.convert(e);
    }
  }
}
