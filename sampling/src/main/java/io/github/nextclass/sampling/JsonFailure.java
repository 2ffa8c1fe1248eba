package io.github.nextclass.sampling;

import tools.jackson.core.JacksonException;

/** What Jackson says of a text that is no JSON, for people. */
final class JsonFailure {
  /** Where the value began that is wrong: Jackson writes it with the names of its own switches. */
  private static final String START = " \\((start marker|for \\w+ starting) at .*\\]\\)";

  private JsonFailure() {}

  /** What is wrong and, if it is known, where. */
  static String describe(JacksonException e) {
    String message = e.getOriginalMessage().replaceAll(START, "");
    return e.getLocation() == null
        ? message
        : message
            + " at line "
            + e.getLocation().getLineNr()
            + ", column "
            + e.getLocation().getColumnNr();
  }
}
