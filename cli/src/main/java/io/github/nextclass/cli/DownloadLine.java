package io.github.nextclass.cli;

import io.github.nextclass.hub.DownloadListener;
import io.github.nextclass.hub.ModelName;
import java.io.Console;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;

/**
 * How far a download is, on one line of a terminal: percent, size, rate and time left. Elsewhere it
 * prints nothing.
 */
final class DownloadLine implements DownloadListener, AutoCloseable {
  private static final long REDRAW_NANOS = 200_000_000L;
  private static final String ERASE = "\r\033[K";

  private final PrintWriter err;
  private final boolean terminal;
  private long startNanos;
  private long startBytes = -1;
  private long drawnNanos;

  DownloadLine(PrintWriter err) {
    this(err, isTerminal());
  }

  DownloadLine(PrintWriter err, boolean terminal) {
    this.err = err;
    this.terminal = terminal;
  }

  @SuppressWarnings("SystemConsoleNull") // it is null where there is no terminal
  private static boolean isTerminal() {
    Console console = System.console();
    return console != null && console.isTerminal();
  }

  @Override
  public void onProgress(ModelName model, long doneBytes, long totalBytes) {
    onProgress(model, doneBytes, totalBytes, System.nanoTime());
  }

  void onProgress(ModelName model, long doneBytes, long totalBytes, long nowNanos) {
    if (startBytes < 0) {
      startBytes = doneBytes;
      startNanos = nowNanos;
    } else if (doneBytes < totalBytes && nowNanos - drawnNanos < REDRAW_NANOS) {
      return;
    }
    drawnNanos = nowNanos;
    draw("downloading " + model + ": " + describe(doneBytes, totalBytes, nowNanos));
  }

  private String describe(long doneBytes, long totalBytes, long nowNanos) {
    String size =
        String.format(
            Locale.ROOT,
            "%.0f %% of %s",
            100.0 * doneBytes / Math.max(1, totalBytes),
            Format.bytes(totalBytes));
    double seconds = (nowNanos - startNanos) / 1e9;
    double rate = (doneBytes - startBytes) / seconds;
    if (seconds < 1 || rate <= 0) {
      return size;
    }
    long left = Math.round((totalBytes - doneBytes) / rate);
    return String.format(
        Locale.ROOT,
        "%s, %s/s, %d:%02d left",
        size,
        Format.bytes((long) rate),
        left / 60,
        left % 60);
  }

  @Override
  public void onWait(ModelName model, String reason, Duration duration) {
    String time = duration.isZero() ? "" : " " + duration.toSeconds() + " s";
    draw(reason + ", waiting" + time + " ...");
  }

  private void draw(String text) {
    if (terminal) {
      err.print(ERASE + text);
      err.flush();
    }
  }

  /** Leaves an empty line for what comes next. */
  @Override
  public void close() {
    if (startBytes >= 0) {
      draw("");
    }
  }
}
