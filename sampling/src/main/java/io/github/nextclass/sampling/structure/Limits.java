package io.github.nextclass.sampling.structure;

/** What keeps the time and the memory of a constraint bounded, whatever it says. */
final class Limits {
  /** States of an automaton before bytes; 100,000 is a string of 50,000 characters. */
  static final int MAX_STATES = 100_000;

  /** States of the automaton over bytes that all parts of a constraint become. */
  static final int MAX_BYTE_STATES = 400_000;

  /** Rules that wait for their end: how deep the values of a JSON text are nested. */
  static final int MAX_DEPTH = 64;

  /** Positions that one set of masks remembers, in all its states together. */
  static final int MAX_POSITIONS = 1 << 20;

  /** Masks that are remembered; with 151,936 classes one takes 19 KB. */
  static final int MAX_MASKS = 512;

  private Limits() {}

  static ConstraintException tooLarge(String what, long size, int limit) {
    return new ConstraintException(
        what
            + " is too large: it needs "
            + (size > Integer.MAX_VALUE ? "more than " + Integer.MAX_VALUE : size)
            + " automaton states, the limit is "
            + limit);
  }
}
