package io.github.nextclass.sampling.structure;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The small automaton over bytes that one move over a character becomes. Beginnings and ends that
 * sequences have in common are shared.
 *
 * <pre>
 *   U+0080..U+FFFF        C2..DF             80..BF
 *                    0 -----------&gt; 2 ------------------&gt; 1         0 start, 1 end
 *                    |     E0             A0..BF        ^
 *                    +-----------&gt; 3 ----------&gt; 2     |
 *                    ...
 * </pre>
 */
final class ByteFragment {
  static final int START = 0;
  static final int END = 1;

  /** A move over one byte of a range. */
  record Edge(int from, int low, int high, int to) {}

  /** How many of the plain characters a move reads. */
  enum Plain {
    ALL,
    SOME,
    NONE
  }

  private final Plain plain;
  private final List<Edge> edges = new ArrayList<>();
  private final Map<List<List<Integer>>, Integer> states = new HashMap<>();
  private int stateCount = 2;

  /** Every form writes plain characters as they are. */
  ByteFragment(TextForm form, CodePointSet set) {
    CodePointSet common = set.intersect(PlainText.CHARACTERS);
    plain =
        common.isEmpty()
            ? Plain.NONE
            : common.equals(PlainText.CHARACTERS) ? Plain.ALL : Plain.SOME;
    List<List<Integer>> sequences = new ArrayList<>();
    form.forEach(
        set,
        sequence -> {
          List<Integer> boxed = new ArrayList<>(sequence.length);
          for (int bound : sequence) {
            boxed.add(bound);
          }
          sequences.add(boxed);
        });
    addEdges(START, sequences);
  }

  Plain plain() {
    return plain;
  }

  List<Edge> edges() {
    return edges;
  }

  /** How many states there are, start and end among them. */
  int stateCount() {
    return stateCount;
  }

  private void addEdges(int from, List<List<Integer>> sequences) {
    Map<List<Integer>, List<List<Integer>>> tailsByFirst = new LinkedHashMap<>();
    for (List<Integer> sequence : sequences) {
      tailsByFirst
          .computeIfAbsent(sequence.subList(0, 2), first -> new ArrayList<>())
          .add(sequence.subList(2, sequence.size()));
    }
    tailsByFirst.forEach(
        (first, tails) -> edges.add(new Edge(from, first.get(0), first.get(1), state(tails))));
  }

  private int state(List<List<Integer>> tails) {
    if (tails.getFirst().isEmpty()) {
      return END; // no sequence is the beginning of another
    }
    Integer known = states.get(tails);
    if (known != null) {
      return known;
    }
    int state = stateCount++;
    states.put(tails, state);
    addEdges(state, tails);
    return state;
  }
}
