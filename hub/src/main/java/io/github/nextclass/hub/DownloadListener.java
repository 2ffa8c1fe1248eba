package io.github.nextclass.hub;

import java.time.Duration;

/**
 * Hears of a download: the only way in which the library speaks. Calls come from the threads of the
 * download, one at a time; a call that takes long slows the download down. What a call throws ends
 * the download.
 */
public interface DownloadListener {
  /**
   * Called when the size is known, and then whenever bytes have arrived. The bytes also become
   * fewer: what was received in vain is received again.
   *
   * @param model the model
   * @param doneBytes bytes that are there, those of earlier tries included
   * @param totalBytes bytes of all files that are needed and were not there whole
   */
  default void onProgress(ModelName model, long doneBytes, long totalBytes) {}

  /**
   * Called before something is waited for.
   *
   * @param model the model
   * @param reason what went wrong, or who else is at work
   * @param duration how long; zero where nobody knows
   */
  default void onWait(ModelName model, String reason, Duration duration) {}

  /**
   * Returns a listener that does not listen.
   *
   * @return the listener
   */
  static DownloadListener none() {
    return new DownloadListener() {};
  }
}
