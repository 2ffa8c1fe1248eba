package io.github.nextclass.cli;

import java.util.Locale;

/** Numbers as a person reads them. */
final class Format {
  private Format() {}

  static String bytes(long bytes) {
    if (bytes < 1 << 10) {
      return bytes + " B";
    } else if (bytes < 1 << 20) {
      return String.format(Locale.ROOT, "%.1f KiB", bytes / 0x1p10);
    } else if (bytes < 1 << 30) {
      return String.format(Locale.ROOT, "%.1f MiB", bytes / 0x1p20);
    }
    return String.format(Locale.ROOT, "%.2f GiB", bytes / 0x1p30);
  }

  /** Such as {@code 596.0 M}. */
  static String count(long count) {
    if (count < 1_000_000) {
      return Long.toString(count);
    } else if (count < 1_000_000_000) {
      return String.format(Locale.ROOT, "%.1f M", count / 1e6);
    }
    return String.format(Locale.ROOT, "%.2f B", count / 1e9);
  }
}
