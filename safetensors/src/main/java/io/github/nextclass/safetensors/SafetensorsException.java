package io.github.nextclass.safetensors;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file that is not valid safetensors; the message names file, tensor, what was found and what was
 * expected.
 */
public final class SafetensorsException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Longer names and values are cut in messages: a bad file must not flood a log. */
  private static final int MAX_QUOTED_LENGTH = 120;

  /**
   * Creates the exception.
   *
   * @param message file, tensor where there is one, found and expected
   */
  public SafetensorsException(String message) {
    super(message);
  }

  static SafetensorsException of(Path file, String problem) {
    return new SafetensorsException(file + ": " + problem);
  }

  static SafetensorsException of(Path file, @Nullable String tensor, String problem) {
    return tensor == null
        ? of(file, problem)
        : of(file, "tensor " + quote(tensor) + ": " + problem);
  }

  /** Text from a file in a form fit for one line of a message: quoted, escaped, cut. */
  static String quote(String text) {
    int end = Math.min(text.length(), MAX_QUOTED_LENGTH);
    String quoted = '"' + plain(text.substring(0, end).replace("\"", "\\\"")) + '"';
    return end == text.length() ? quoted : quoted + "... (%d characters)".formatted(text.length());
  }

  /** The same without quotes: nothing that a terminal or a log would take for a command. */
  static String plain(String text) {
    int end = Math.min(text.length(), 2 * MAX_QUOTED_LENGTH);
    StringBuilder plain = new StringBuilder(end);
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT) {
        plain.append("\\u%04x".formatted((int) c));
      } else {
        plain.append(c);
      }
    }
    return plain.append(end == text.length() ? "" : "...").toString();
  }
}
