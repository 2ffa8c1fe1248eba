package io.github.nextclass.hub;

import java.time.Duration;

/** Counts the bytes of one download, and tells the listener one call at a time. */
final class ProgressMeter {
  private final ModelName model;
  private final DownloadListener listener;
  private long totalBytes;
  private long doneBytes;

  ProgressMeter(ModelName model, DownloadListener listener) {
    this.model = model;
    this.listener = listener;
  }

  synchronized void begin(long bytes) {
    totalBytes = bytes;
    doneBytes = 0;
    listener.onProgress(model, doneBytes, totalBytes);
  }

  /** Less than nothing where bytes have to be received again. */
  synchronized void add(long bytes) {
    doneBytes += bytes;
    if (totalBytes > 0) { // not while only the list of files is fetched
      listener.onProgress(model, doneBytes, totalBytes);
    }
  }

  synchronized void onWait(String reason, Duration duration) {
    listener.onWait(model, reason, duration);
  }
}
