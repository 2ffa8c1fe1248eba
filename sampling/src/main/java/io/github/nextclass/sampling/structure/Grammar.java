package io.github.nextclass.sampling.structure;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * What a constraint is compiled to: rules, each a nondeterministic automaton over bytes, that can
 * call each other (a recursive transition network, Woods 1970). Without recursion it is a finite
 * automaton whose equal parts are shared; with recursion it is a pushdown automaton.
 *
 * <pre>
 *   rule value    start --'['--&gt; a --call value--&gt; b --']'--&gt; end
 *                                ^                 |
 *                                +-------','-------+
 * </pre>
 *
 * <p>The edges of a state stand one after the other. An edge reads a byte from {@code low} to
 * {@code high}, or nothing if {@code low} is {@link #EPSILON}, or what the rule {@code high}
 * accepts if {@code low} is {@link #CALL}. Immutable.
 */
final class Grammar {
  static final int EPSILON = -1;
  static final int CALL = -2;

  private static final int[] NOWHERE = {};

  private final int[] firstEdge;
  private final int[] low;
  private final int[] high;
  private final int[] target;
  private final int[] ruleStart;
  private final boolean[] isEnd;
  private final int[] @Nullable [] plainTargets;
  private final BitSet tellsPlainApart;
  private final int[] byteClass = new int[256];
  private final int byteClasses;

  Grammar(
      int[] firstEdge,
      int[] low,
      int[] high,
      int[] target,
      int[] ruleStart,
      boolean[] isEnd,
      int[] @Nullable [] plainTargets,
      BitSet tellsPlainApart) {
    this.firstEdge = firstEdge;
    this.low = low;
    this.high = high;
    this.target = target;
    this.ruleStart = ruleStart;
    this.isEnd = isEnd;
    this.plainTargets = plainTargets;
    this.tellsPlainApart = tellsPlainApart;
    boolean[] begins = new boolean[257];
    for (int edge = 0; edge < low.length; edge++) {
      if (low[edge] >= 0) {
        begins[low[edge]] = true;
        begins[high[edge] + 1] = true;
      }
    }
    int current = 0;
    for (int b = 1; b < 256; b++) {
      current += begins[b] ? 1 : 0;
      byteClass[b] = current;
    }
    byteClasses = current + 1;
  }

  int states() {
    return firstEdge.length - 1;
  }

  int edges() {
    return low.length;
  }

  int rules() {
    return ruleStart.length;
  }

  int firstEdge(int state) {
    return firstEdge[state];
  }

  /** One behind the last edge. */
  int endEdge(int state) {
    return firstEdge[state + 1];
  }

  int low(int edge) {
    return low[edge];
  }

  int high(int edge) {
    return high[edge];
  }

  /** The rule that an edge calls. */
  int rule(int edge) {
    return high[edge];
  }

  int target(int edge) {
    return target[edge];
  }

  /** Where a rule begins; rule 0 is the whole text. */
  int ruleStart(int rule) {
    return ruleStart[rule];
  }

  /** Whether a rule ends here. Such a state has no edges. */
  boolean isEnd(int state) {
    return isEnd[state];
  }

  /** Whether some {@linkplain PlainText plain} characters lead elsewhere than others. */
  boolean tellsPlainApart(int state) {
    return tellsPlainApart.get(state);
  }

  /**
   * Where every plain character leads, if the state does not tell them apart: what its edges say
   * too, byte by byte.
   */
  int[] plainTargets(int state) {
    int[] targets = plainTargets[state];
    return targets == null ? NOWHERE : targets;
  }

  /** Bytes that no edge tells apart have the same class. */
  int byteClass(int b) {
    return byteClass[b];
  }

  int byteClasses() {
    return byteClasses;
  }

  /** A byte of each class. */
  int[] byteOfClass() {
    int[] bytes = new int[byteClasses];
    for (int b = 255; b >= 0; b--) {
      bytes[byteClass[b]] = b;
    }
    return bytes;
  }

  /** Whether the grammar accepts the text as a whole. */
  boolean matches(String text) {
    Automaton automaton = new Automaton(this, new Costs(this, null));
    Automaton.State state = automaton.start();
    for (byte b : text.getBytes(UTF_8)) {
      if (state == null) {
        return false;
      }
      state = automaton.step(state, b & 0xFF);
    }
    return state != null && state.isAccepting();
  }
}
