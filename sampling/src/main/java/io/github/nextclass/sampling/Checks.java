package io.github.nextclass.sampling;

/** How a setting that is out of range is refused. */
final class Checks {
  private Checks() {}

  static void check(boolean holds, String name, String range, Object got) {
    if (!holds) {
      throw new IllegalArgumentException(name + " must be " + range + ", got " + got);
    }
  }
}
