package io.github.nextclass.hub;

import java.time.Duration;
import java.util.Locale;

/** Values in messages. */
final class Texts {
  private static final int MAX_QUOTED_LENGTH = 120;

  private Texts() {}

  /** Text from outside in a form fit for one line: quoted, nothing that a terminal obeys, cut. */
  static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    int end = Math.min(text.length(), MAX_QUOTED_LENGTH);
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT) {
        quoted.append("\\u%04x".formatted((int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append(end == text.length() ? "\"" : "...\"").toString();
  }

  /** Decimal units, as the hub's pages have them. */
  static String bytes(long bytes) {
    if (bytes < 1_000) {
      return bytes + " B";
    } else if (bytes < 1_000_000) {
      return String.format(Locale.ROOT, "%.1f kB", bytes / 1e3);
    } else if (bytes < 1_000_000_000) {
      return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
    }
    return String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
  }

  static String seconds(Duration duration) {
    return String.format(Locale.ROOT, "%.0f s", duration.toMillis() / 1e3);
  }
}
