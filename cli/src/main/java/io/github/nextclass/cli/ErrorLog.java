package io.github.nextclass.cli;

import java.lang.System.Logger;
import java.lang.System.LoggerFinder;
import java.text.MessageFormat;
import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/** Warnings of the library, a line each on standard error. */
public final class ErrorLog extends LoggerFinder {
  /** Called by the service loader. */
  public ErrorLog() {}

  @Override
  public Logger getLogger(String name, Module module) {
    return new LineLogger(name);
  }

  private record LineLogger(String name) implements Logger {
    @Override
    public String getName() {
      return name;
    }

    @Override
    public boolean isLoggable(Level level) {
      return level.compareTo(Level.WARNING) >= 0 && level != Level.OFF;
    }

    @Override
    public void log(
        Level level, @Nullable ResourceBundle bundle, String message, @Nullable Throwable thrown) {
      if (isLoggable(level)) {
        System.err.println("nextclass: " + message + (thrown == null ? "" : ": " + thrown));
      }
    }

    @Override
    public void log(
        Level level, @Nullable ResourceBundle bundle, String format, Object @Nullable ... values) {
      if (isLoggable(level)) {
        System.err.println(
            "nextclass: " + (values == null ? format : MessageFormat.format(format, values)));
      }
    }
  }
}
