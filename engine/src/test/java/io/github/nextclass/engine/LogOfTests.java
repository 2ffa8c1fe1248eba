package io.github.nextclass.engine;

import java.text.MessageFormat;
import java.util.List;
import java.util.Locale;
import java.util.ResourceBundle;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Keeps what the library logs, so that tests can ask for it. Found by ServiceLoader. */
public final class LogOfTests extends System.LoggerFinder {
  private static final List<String> MESSAGES = new CopyOnWriteArrayList<>();

  /** For ServiceLoader. */
  public LogOfTests() {}

  /** The messages since the last call, such as {@code WARNING: text}. */
  static List<String> take() {
    List<String> messages = List.copyOf(MESSAGES);
    MESSAGES.clear();
    return messages;
  }

  @Override
  public System.Logger getLogger(String name, Module module) {
    return new Keeping(name, name.startsWith("io.github.nextclass."));
  }

  private record Keeping(String name, boolean ours) implements System.Logger {
    @Override
    public String getName() {
      return name;
    }

    @Override
    public boolean isLoggable(Level level) {
      return ours && level.compareTo(Level.INFO) >= 0;
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String message,
        @Nullable Throwable thrown) {
      if (isLoggable(level)) {
        MESSAGES.add(level + ": " + message);
      }
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String format,
        @Nullable Object... values) {
      if (isLoggable(level) && format != null) {
        MESSAGES.add(level + ": " + new MessageFormat(format, Locale.ROOT).format(values));
      }
    }
  }
}
