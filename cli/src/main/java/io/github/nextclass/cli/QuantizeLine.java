package io.github.nextclass.cli;

import io.github.nextclass.engine.LoadProgress;
import java.io.Console;
import java.io.PrintWriter;

/** How far quantising is, on one line of a terminal. Elsewhere it prints nothing. */
final class QuantizeLine implements LoadProgress, AutoCloseable {
  private static final String ERASE = "\r\033[K";

  private final PrintWriter err;
  private final boolean terminal;
  private long percent = -1;

  QuantizeLine(PrintWriter err) {
    this.err = err;
    this.terminal = isTerminal();
  }

  @SuppressWarnings("SystemConsoleNull") // it is null where there is no terminal
  private static boolean isTerminal() {
    Console console = System.console();
    return console != null && console.isTerminal();
  }

  @Override
  public void report(long done, long total) {
    long now = 100 * done / total;
    if (terminal && now != percent) {
      percent = now;
      err.print(ERASE + "quantising: " + now + " %");
      err.flush();
    }
  }

  /** Leaves an empty line for what comes next. */
  @Override
  public void close() {
    if (percent >= 0) {
      err.print(ERASE);
      err.flush();
    }
  }
}
