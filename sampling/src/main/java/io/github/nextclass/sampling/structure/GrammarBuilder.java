package io.github.nextclass.sampling.structure;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Puts a {@link Grammar} together, edge by edge. States and rules are numbers. */
final class GrammarBuilder {
  private final List<Integer> ruleStarts = new ArrayList<>();
  private final List<Integer> ruleEnds = new ArrayList<>();
  private final Map<Shape, ByteFragment> fragments = new HashMap<>();
  private final Map<Integer, List<Integer>> plainTargets = new HashMap<>();
  private final BitSet tellsPlainApart = new BitSet();
  private int states;
  private int edges;
  private int[] from = new int[64];
  private int[] low = new int[64];
  private int[] high = new int[64];
  private int[] to = new int[64];

  private record Shape(TextForm form, CodePointSet set) {}

  int newState() {
    if (states == Limits.MAX_BYTE_STATES) {
      throw Limits.tooLarge("the constraint", states + 1L, Limits.MAX_BYTE_STATES);
    }
    return states++;
  }

  /** A new rule; the first one is the whole text. Nothing may leave its end. */
  int newRule() {
    ruleStarts.add(newState());
    ruleEnds.add(newState());
    return ruleStarts.size() - 1;
  }

  int start(int rule) {
    return ruleStarts.get(rule);
  }

  int end(int rule) {
    return ruleEnds.get(rule);
  }

  void bytes(int source, int lowByte, int highByte, int target) {
    if (PlainText.mayBeginWith(lowByte, highByte)) {
      tellsPlainApart.set(source);
    }
    edge(source, lowByte, highByte, target);
  }

  void epsilon(int source, int target) {
    edge(source, Grammar.EPSILON, 0, target);
  }

  void call(int source, int rule, int target) {
    edge(source, Grammar.CALL, rule, target);
  }

  /** One of several texts; beginnings that they have in common are shared. */
  void literals(int source, Collection<String> texts, int target) {
    Map<Long, Integer> children = new HashMap<>();
    for (String text : new TreeSet<>(texts)) {
      byte[] bytes = text.getBytes(UTF_8);
      if (bytes.length == 0) {
        epsilon(source, target);
        continue;
      }
      int at = source;
      for (int i = 0; i < bytes.length - 1; i++) {
        int parent = at;
        int b = bytes[i] & 0xFF;
        at =
            children.computeIfAbsent(
                (long) parent << 8 | b,
                key -> {
                  int child = newState();
                  bytes(parent, b, b, child);
                  return child;
                });
      }
      int last = bytes[bytes.length - 1] & 0xFF;
      bytes(at, last, last, target);
    }
  }

  void literal(int source, String text, int target) {
    literals(source, List.of(text), target);
  }

  /** The texts of an automaton, each character in its form. */
  void text(int source, CodePointNfa nfa, TextForm form, int target) {
    int[] stateOf = new int[nfa.states()];
    for (int state = 0; state < stateOf.length; state++) {
      stateOf[state] =
          state == CodePointNfa.START ? source : state == CodePointNfa.END ? target : newState();
    }
    for (int state = 0; state < stateOf.length; state++) {
      for (CodePointNfa.Move move : nfa.moves(state)) {
        if (move.set() == null) {
          epsilon(stateOf[state], stateOf[move.to()]);
        } else {
          Shape shape = new Shape(form, move.set());
          ByteFragment fragment =
              fragments.computeIfAbsent(shape, s -> new ByteFragment(s.form(), s.set()));
          fragment(stateOf[state], fragment, stateOf[move.to()]);
        }
      }
    }
  }

  private void fragment(int source, ByteFragment fragment, int target) {
    int[] stateOf = new int[fragment.stateCount()];
    stateOf[ByteFragment.START] = source;
    stateOf[ByteFragment.END] = target;
    for (int state = 2; state < stateOf.length; state++) {
      stateOf[state] = newState();
    }
    for (ByteFragment.Edge edge : fragment.edges()) {
      if (edge.from() == ByteFragment.START) {
        edge(source, edge.low(), edge.high(), stateOf[edge.to()]);
      } else {
        bytes(stateOf[edge.from()], edge.low(), edge.high(), stateOf[edge.to()]);
      }
    }
    switch (fragment.plain()) {
      case ALL -> plainTargets.computeIfAbsent(source, key -> new ArrayList<>(1)).add(target);
      case SOME -> tellsPlainApart.set(source);
      case NONE -> {}
    }
  }

  private void edge(int source, int lowValue, int highValue, int target) {
    if (edges == from.length) {
      from = Arrays.copyOf(from, 2 * edges);
      low = Arrays.copyOf(low, 2 * edges);
      high = Arrays.copyOf(high, 2 * edges);
      to = Arrays.copyOf(to, 2 * edges);
    }
    from[edges] = source;
    low[edges] = lowValue;
    high[edges] = highValue;
    to[edges] = target;
    edges++;
  }

  /** Sorts the edges by their state. */
  Grammar build() {
    int[] firstEdge = new int[states + 1];
    for (int edge = 0; edge < edges; edge++) {
      firstEdge[from[edge] + 1]++;
    }
    for (int state = 0; state < states; state++) {
      firstEdge[state + 1] += firstEdge[state];
    }
    int[] next = firstEdge.clone();
    int[] sortedLow = new int[edges];
    int[] sortedHigh = new int[edges];
    int[] sortedTo = new int[edges];
    for (int edge = 0; edge < edges; edge++) {
      int place = next[from[edge]]++;
      sortedLow[place] = low[edge];
      sortedHigh[place] = high[edge];
      sortedTo[place] = to[edge];
    }
    boolean[] isEnd = new boolean[states];
    ruleEnds.forEach(end -> isEnd[end] = true);
    int[] starts = ruleStarts.stream().mapToInt(Integer::intValue).toArray();
    int[][] plain = new int[states][];
    plainTargets.forEach(
        (state, targets) -> plain[state] = targets.stream().mapToInt(Integer::intValue).toArray());
    return new Grammar(
        firstEdge, sortedLow, sortedHigh, sortedTo, starts, isEnd, plain, tellsPlainApart);
  }
}
