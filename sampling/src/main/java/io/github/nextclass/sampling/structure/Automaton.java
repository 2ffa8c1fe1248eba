package io.github.nextclass.sampling.structure;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Grammar}, made deterministic as far as it is used. A state is the set of all positions
 * in which the grammar may be after the bytes so far; a position is a state of a rule and the stack
 * of the rules that wait for it:
 *
 * <pre>
 *   grammar   value -&gt; '[' value ']' | digit+         after "[[1"
 *                                                      { (in digit+, waiting: b b), (b, waiting: b) }
 * </pre>
 *
 * <p>States are made when they are first needed and remembered by what they consist of, so equal
 * ones are one object. Positions from which the end cannot be reached are left out, hence every
 * state has a way to the end. When too many are remembered all are forgotten; those in use live on.
 *
 * <p>Not thread-safe.
 */
final class Automaton {
  /** A rule that waits for another to end, and those below it. Equal ones are one object. */
  private static final class Frame {
    final int id;
    final @Nullable Frame parent;
    final int returnTo;
    final int depth;
    final long cost;

    Frame(int id, @Nullable Frame parent, int returnTo, int cost) {
      this.id = id;
      this.parent = parent;
      this.returnTo = returnTo;
      this.depth = depth(parent) + 1;
      this.cost = cost + cost(parent);
    }
  }

  private record FrameKey(int parentId, int returnTo) {}

  /** A place in the grammar, with the stack. */
  private record Position(int state, @Nullable Frame stack) {}

  private record StateKey(List<Position> positions, boolean accepting) {}

  /** A set of positions; behind it, the texts that may follow. */
  static final class State {
    private final List<Position> positions; // only those in front of a byte, in a fixed order
    private final boolean accepting;
    private final int cost;
    private final int age;
    private final State[] next; // by class of byte
    private @Nullable State afterPlain;
    @Nullable Mask mask;

    private State(List<Position> positions, boolean accepting, int cost, int age, int classes) {
      this.positions = positions;
      this.accepting = accepting;
      this.cost = cost;
      this.age = age;
      this.next = new State[classes];
    }

    /** Whether the text may end here. */
    boolean isAccepting() {
      return accepting;
    }

    /** Tokens to the end, at most; 0 if the text may end here. */
    int cost() {
      return cost;
    }
  }

  private final Grammar grammar;
  private final Costs costs;
  private final int[] byteOfClass;
  private final State dead;
  private final Map<StateKey, State> states = new HashMap<>();
  private final Map<FrameKey, Frame> frames = new HashMap<>();
  private int frameIds = 1; // 0 is the empty stack
  private int positionCount;
  private int age;

  Automaton(Grammar grammar, Costs costs) {
    this.grammar = grammar;
    this.costs = costs;
    this.byteOfClass = grammar.byteOfClass();
    this.dead = new State(List.of(), false, Costs.NEVER, -1, 0);
  }

  /** The state before the first byte. */
  State start() {
    return stateOf(List.of(new Position(grammar.ruleStart(0), null)));
  }

  /** The state behind a byte; null if no text goes on like that. */
  @Nullable State step(State state, int b) {
    int byteClass = grammar.byteClass(b);
    State next = state.next[byteClass];
    if (next == null) {
      next =
          PlainText.isCharacter(b) && !tellsPlainApart(state)
              ? findPlain(state)
              : find(state, byteOfClass[byteClass]);
      state.next[byteClass] = next;
    }
    return next == dead ? null : next;
  }

  /**
   * Whether some {@linkplain PlainText plain} characters lead elsewhere than others. If not, all
   * that may come is known from a few positions, not from a million characters.
   */
  boolean tellsPlainApart(State state) {
    for (Position position : state.positions) {
      if (grammar.tellsPlainApart(position.state())) {
        return true;
      }
    }
    return false;
  }

  /** The state behind any plain character, of a state that does not tell them apart. */
  @Nullable State afterPlain(State state) {
    State next = findPlain(state);
    return next == dead ? null : next;
  }

  private State findPlain(State state) {
    State next = state.afterPlain;
    if (next == null) {
      List<Position> successors = new ArrayList<>();
      for (Position position : state.positions) {
        for (int target : grammar.plainTargets(position.state())) {
          successors.add(new Position(target, position.stack()));
        }
      }
      next = stateOf(successors);
      state.afterPlain = next;
    }
    return next;
  }

  /** How many positions all remembered states have together. */
  int positionCount() {
    return positionCount;
  }

  /** Forgets all states. */
  void forget() {
    states.clear();
    frames.clear();
    positionCount = 0;
    age++;
  }

  /** The same state, and one that is remembered. */
  State refresh(State state) {
    if (state.age == age) {
      return state;
    }
    List<Position> positions = new ArrayList<>();
    for (Position position : state.positions) {
      positions.add(new Position(position.state(), refresh(position.stack())));
    }
    return remembered(positions, state.accepting, state.cost);
  }

  private @Nullable Frame refresh(@Nullable Frame frame) {
    return frame == null ? null : frame(refresh(frame.parent), frame.returnTo);
  }

  private State find(State state, int b) {
    List<Position> successors = new ArrayList<>();
    for (Position position : state.positions) {
      int end = grammar.endEdge(position.state());
      for (int edge = grammar.firstEdge(position.state()); edge < end; edge++) {
        if (grammar.low(edge) <= b && b <= grammar.high(edge) && grammar.low(edge) >= 0) {
          successors.add(new Position(grammar.target(edge), position.stack()));
        }
      }
    }
    return stateOf(successors);
  }

  /** All positions that are reached from these without a byte, as one state. */
  private State stateOf(List<Position> from) {
    Set<Position> seen = new HashSet<>();
    Deque<Position> unfinished = new ArrayDeque<>();
    for (Position position : from) {
      visit(position.state(), position.stack(), seen, unfinished);
    }
    List<Position> beforeBytes = new ArrayList<>();
    boolean accepting = false;
    long cost = Costs.NEVER;
    while (!unfinished.isEmpty()) {
      Position position = unfinished.remove();
      Frame stack = position.stack();
      cost = Math.min(cost, costs.cost(position.state()) + cost(stack));
      if (grammar.isEnd(position.state())) {
        if (stack == null) {
          accepting = true;
        } else {
          visit(stack.returnTo, stack.parent, seen, unfinished);
        }
      }
      boolean beforeByte = false;
      int end = grammar.endEdge(position.state());
      for (int edge = grammar.firstEdge(position.state()); edge < end; edge++) {
        if (grammar.low(edge) == Grammar.EPSILON) {
          visit(grammar.target(edge), stack, seen, unfinished);
        } else if (grammar.low(edge) == Grammar.CALL) {
          if (isAlive(grammar.target(edge), stack)) {
            Frame frame = frame(stack, grammar.target(edge));
            visit(grammar.ruleStart(grammar.rule(edge)), frame, seen, unfinished);
          }
        } else {
          beforeByte = true;
        }
      }
      if (beforeByte) {
        beforeBytes.add(position);
      }
    }
    return seen.isEmpty() ? dead : remembered(beforeBytes, accepting, (int) cost);
  }

  private void visit(
      int state, @Nullable Frame stack, Set<Position> seen, Deque<Position> unfinished) {
    if (isAlive(state, stack)) {
      Position position = new Position(state, stack);
      if (seen.add(position)) {
        unfinished.add(position);
      }
    }
  }

  private boolean isAlive(int state, @Nullable Frame stack) {
    return costs.cost(state) < Costs.NEVER
        && depth(stack) + costs.height(state) <= Limits.MAX_DEPTH;
  }

  private State remembered(List<Position> positions, boolean accepting, int cost) {
    positions.sort(Comparator.comparingInt(Position::state).thenComparingInt(p -> idOf(p.stack())));
    StateKey key = new StateKey(positions, accepting);
    State known = states.get(key);
    if (known == null) {
      known = new State(positions, accepting, cost, age, byteOfClass.length);
      states.put(key, known);
      positionCount += 1 + positions.size();
      if (positionCount > Limits.MAX_POSITIONS) {
        throw new ConstraintException(
            "the constraint is too ambiguous: there are more than "
                + Limits.MAX_POSITIONS
                + " ways to read the next token");
      }
    }
    return known;
  }

  private Frame frame(@Nullable Frame parent, int returnTo) {
    return frames.computeIfAbsent(
        new FrameKey(idOf(parent), returnTo),
        key -> new Frame(frameIds++, parent, returnTo, costs.cost(returnTo)));
  }

  private static int idOf(@Nullable Frame frame) {
    return frame == null ? 0 : frame.id;
  }

  private static int depth(@Nullable Frame frame) {
    return frame == null ? 0 : frame.depth;
  }

  private static long cost(@Nullable Frame frame) {
    return frame == null ? 0 : frame.cost;
  }
}
