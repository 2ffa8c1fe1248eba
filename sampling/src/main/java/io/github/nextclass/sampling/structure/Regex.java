package io.github.nextclass.sampling.structure;

import java.util.ArrayList;
import java.util.List;

/** A regular expression as a tree, over Unicode code points. */
sealed interface Regex {
  /** {@link Repeat#max} of a repetition that need not end. */
  int UNBOUNDED = Integer.MAX_VALUE;

  /** The empty text. */
  Regex EMPTY = new Sequence(List.of());

  /** Any text. */
  Regex ANY_TEXT = new Repeat(new One(CodePointSet.ALL), 0, UNBOUNDED);

  /** One character of a set. */
  record One(CodePointSet set) implements Regex {}

  /** One after the other. */
  record Sequence(List<Regex> parts) implements Regex {
    public Sequence {
      parts = List.copyOf(parts);
    }
  }

  /** One of several. */
  record Choice(List<Regex> options) implements Regex {
    public Choice {
      options = List.copyOf(options);
    }
  }

  /** Several times. */
  record Repeat(Regex part, int min, int max) implements Regex {}

  static Regex sequence(Regex... parts) {
    return new Sequence(List.of(parts));
  }

  static Regex choice(Regex... options) {
    return new Choice(List.of(options));
  }

  static Regex optional(Regex part) {
    return new Repeat(part, 0, 1);
  }

  static Regex range(int first, int last) {
    return new One(CodePointSet.of(first, last));
  }

  static Regex literal(String text) {
    List<Regex> parts = new ArrayList<>();
    text.codePoints().forEach(c -> parts.add(range(c, c)));
    return new Sequence(parts);
  }

  /** How many automaton states it takes; a number above the largest {@code int} means too many. */
  static long size(Regex regex) {
    long size =
        switch (regex) {
          case One one -> 2 + one.set().ranges() / 8;
          case Sequence(List<Regex> parts) -> 1 + parts.stream().mapToLong(Regex::size).sum();
          case Choice(List<Regex> options) -> 2 + options.stream().mapToLong(Regex::size).sum();
          case Repeat(Regex part, int min, int max) ->
              2 + (size(part) + 1) * (max == UNBOUNDED ? min + 1L : max);
        };
    return Math.min(size, Integer.MAX_VALUE + 1L); // so that no product of two sizes overflows
  }
}
