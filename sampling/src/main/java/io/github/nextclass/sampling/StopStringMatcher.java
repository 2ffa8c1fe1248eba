package io.github.nextclass.sampling;

import java.util.List;

/**
 * Finds the first stop string in a text that arrives in pieces, and holds back what may be the
 * beginning of one.
 *
 * <p>Each stop string is followed by the automaton of Knuth, Morris and Pratt, whose state is the
 * length of the longest prefix of the stop string that the text ends with. The highest state is how
 * much must be held back:
 *
 * <pre>
 *   stop string "&lt;end&gt;", pieces "Yes.&lt;", "en", "try&gt;":    state 1 after "Yes.&lt;", which lets out "Yes."
 *                                                     state 3 after "en", which lets out nothing
 *                                                     state 0 after "try&gt;", which lets out "&lt;entry&gt;"
 * </pre>
 *
 * <p>The result does not depend on where the pieces end: the match is the one that is complete
 * first, and of several that end at the same character the longest.
 */
final class StopStringMatcher {
  private final String[] stopStrings;
  private final int[][]
      fallbacks; // [stop string][state]: the next shorter prefix that the text also ends with
  private final int[] states;
  private final boolean include;
  private final StringBuilder held = new StringBuilder();
  private boolean matched;

  StopStringMatcher(List<String> stopStrings, boolean include) {
    this.stopStrings = stopStrings.toArray(new String[0]);
    this.fallbacks = new int[this.stopStrings.length][];
    for (int s = 0; s < fallbacks.length; s++) {
      fallbacks[s] = fallbacks(this.stopStrings[s]);
    }
    this.states = new int[this.stopStrings.length];
    this.include = include;
  }

  /** Rejects what cannot be found in a text that is cut between characters only. */
  static void check(String stopString) {
    if (stopString.isEmpty()) {
      throw new IllegalArgumentException("stopStrings must not contain an empty string, got \"\"");
    }
    if (stopString
        .codePoints()
        .anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
      throw new IllegalArgumentException(
          "stopStrings must be valid text, got one with half a surrogate pair");
    }
  }

  /**
   * Takes a piece of text and returns what is certain to be outside a stop string, or was asked to
   * be included.
   */
  String append(String piece) {
    if (stopStrings.length == 0) {
      return piece;
    }
    if (matched) {
      return "";
    }
    int scanned = held.length();
    held.append(piece);
    for (int i = scanned; i < held.length(); i++) {
      int matchLength = advance(held.charAt(i));
      if (matchLength > 0) {
        matched = true;
        int end = include ? i + 1 : i + 1 - matchLength;
        held.setLength(end);
        return release(end);
      }
    }
    return release(held.length() - highestState());
  }

  /** True once a stop string was found; the rest of the text is dropped. */
  boolean matched() {
    return matched;
  }

  /** Ends the text: what was held back is no stop string. */
  String flush() {
    return release(held.length());
  }

  /**
   * Moves all automata by one character and returns the length of the longest stop string that it
   * completes.
   */
  private int advance(char c) {
    int longest = 0;
    for (int s = 0; s < stopStrings.length; s++) {
      String stopString = stopStrings[s];
      int state = states[s];
      while (state > 0 && stopString.charAt(state) != c) {
        state = fallbacks[s][state];
      }
      if (stopString.charAt(state) == c) {
        state++;
      }
      states[s] = state;
      if (state == stopString.length()) {
        longest = Math.max(longest, state);
      }
    }
    return longest;
  }

  private int highestState() {
    int highest = 0;
    for (int state : states) {
      highest = Math.max(highest, state);
    }
    return highest;
  }

  private String release(int length) {
    String text = held.substring(0, length);
    held.delete(0, length);
    return text;
  }

  private static int[] fallbacks(String stopString) {
    int[] fallbacks = new int[stopString.length()];
    int state = 0;
    for (int i = 1; i < fallbacks.length; i++) {
      fallbacks[i] = state;
      while (state > 0 && stopString.charAt(state) != stopString.charAt(i)) {
        state = fallbacks[state];
      }
      if (stopString.charAt(state) == stopString.charAt(i)) {
        state++;
      }
    }
    return fallbacks;
  }
}
