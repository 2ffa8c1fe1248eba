package io.github.nextclass.sampling.structure;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A nondeterministic automaton over code points (Thompson 1968). It is never made deterministic as
 * a whole, so no pattern makes it explode: its size is that of the expression.
 */
final class CodePointNfa {
  static final int START = 0;
  static final int END = 1;

  /** A move to another state: over a character of the set, or over nothing if that is null. */
  record Move(@Nullable CodePointSet set, int to) {}

  private final List<List<Move>> moves = new ArrayList<>();

  /** An automaton without moves: it accepts nothing. */
  CodePointNfa() {
    newState();
    newState();
  }

  static CodePointNfa of(Regex regex) {
    long size = Regex.size(regex);
    if (size > Limits.MAX_STATES) {
      throw Limits.tooLarge("the expression", size, Limits.MAX_STATES);
    }
    CodePointNfa nfa = new CodePointNfa();
    nfa.add(regex, START, END);
    return nfa;
  }

  int newState() {
    if (moves.size() == Limits.MAX_STATES) {
      throw Limits.tooLarge("the expression", moves.size() + 1L, Limits.MAX_STATES);
    }
    moves.add(new ArrayList<>());
    return moves.size() - 1;
  }

  void move(int from, CodePointSet set, int to) {
    moves.get(from).add(new Move(set, to));
  }

  void epsilon(int from, int to) {
    moves.get(from).add(new Move(null, to));
  }

  int states() {
    return moves.size();
  }

  List<Move> moves(int state) {
    return moves.get(state);
  }

  private void add(Regex regex, int from, int to) {
    switch (regex) {
      case Regex.One(CodePointSet set) -> move(from, set, to);
      case Regex.Sequence(List<Regex> parts) -> {
        int at = from;
        for (Regex part : parts) {
          int next = newState();
          add(part, at, next);
          at = next;
        }
        epsilon(at, to);
      }
      case Regex.Choice(List<Regex> options) -> options.forEach(option -> add(option, from, to));
      case Regex.Repeat(Regex part, int min, int max) -> repeat(part, min, max, from, to);
    }
  }

  private void repeat(Regex part, int min, int max, int from, int to) {
    int at = from;
    for (int i = 0; i < min; i++) {
      int next = newState();
      add(part, at, next);
      at = next;
    }
    if (max == Regex.UNBOUNDED) {
      int loop = newState();
      epsilon(at, loop);
      add(part, loop, loop);
      at = loop;
    } else {
      for (int i = min; i < max; i++) {
        epsilon(at, to);
        int next = newState();
        add(part, at, next);
        at = next;
      }
    }
    epsilon(at, to);
  }

  /** The texts that both accept: the product of the two, as far as it can be reached. */
  CodePointNfa intersect(CodePointNfa other) {
    Product product = new Product();
    product.stateOf(START, START);
    while (!product.unfinished.isEmpty()) {
      long pair = product.unfinished.remove();
      int a = (int) (pair >> 32);
      int b = (int) pair;
      int from = product.stateOf(a, b);
      for (Move move : moves(a)) {
        if (move.set() == null) {
          product.nfa.epsilon(from, product.stateOf(move.to(), b));
          continue;
        }
        for (Move otherMove : other.moves(b)) {
          CodePointSet common =
              otherMove.set() == null ? null : move.set().intersect(otherMove.set());
          if (common != null && !common.isEmpty()) {
            product.nfa.move(from, common, product.stateOf(move.to(), otherMove.to()));
          }
        }
      }
      for (Move otherMove : other.moves(b)) {
        if (otherMove.set() == null) {
          product.nfa.epsilon(from, product.stateOf(a, otherMove.to()));
        }
      }
    }
    return product.nfa;
  }

  /** Pairs of states, numbered as they are met; the pairs of starts and of ends have their own. */
  private static final class Product {
    final CodePointNfa nfa = new CodePointNfa();
    final Deque<Long> unfinished = new ArrayDeque<>();
    private final Map<Long, Integer> states = new HashMap<>();

    int stateOf(int a, int b) {
      long pair = (long) a << 32 | b;
      Integer known = states.get(pair);
      if (known != null) {
        return known;
      }
      boolean bothStart = a == START && b == START;
      int state = bothStart ? START : a == END && b == END ? END : nfa.newState();
      states.put(pair, state);
      unfinished.add(pair);
      return state;
    }
  }

  /** Whether there is no text that it accepts. */
  boolean isEmpty() {
    boolean[] seen = new boolean[states()];
    Deque<Integer> unfinished = new ArrayDeque<>(List.of(START));
    seen[START] = true;
    while (!unfinished.isEmpty()) {
      for (Move move : moves(unfinished.remove())) {
        boolean possible = move.set() == null || !move.set().isEmpty();
        if (possible && !seen[move.to()]) {
          seen[move.to()] = true;
          unfinished.add(move.to());
        }
      }
    }
    return !seen[END];
  }
}
