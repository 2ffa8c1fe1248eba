package io.github.nextclass.sampling.structure;

import java.util.Arrays;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * How many tokens it takes, at most, from each state of a {@link Grammar} to the end of its rule.
 * This is what makes every generation end in time: a token after which the end is further away than
 * there are tokens left is not allowed.
 *
 * <pre>
 *   , " n a m e " :      8 steps if each byte is a token, and 3 if ',"', 'name' and '":' are
 * </pre>
 *
 * <p>Each byte that is a token by itself is a step, and so is each token that lies on a chain of
 * states with no alternative. Paths are found by Knuth's generalization of Dijkstra's algorithm
 * (1977), since what a call costs is the sum of two other costs. A step in the middle of other
 * tokens may be missed, so the number is an upper bound; but the path that it counts exists.
 */
final class Costs {
  /** No way to the end, or none that anybody would wait for. */
  static final int NEVER = 1 << 28;

  /** Longer tokens than this are rare, and a path without them is a path too. */
  private static final int MAX_CHAIN = 256;

  private final Grammar grammar;
  private final int[] cost;
  private final int[] height;
  private final PriorityQueue<Long> queue = new PriorityQueue<>();

  /** Costs in tokens; without a trie, in bytes. */
  Costs(Grammar grammar, @Nullable TokenTrie trie) {
    this.grammar = grammar;
    cost = new int[grammar.states()];
    height = new int[grammar.states()];
    Arrays.fill(cost, NEVER);
    new Search(trie).run();
  }

  /** Tokens to the end of the rule, or {@link #NEVER}. */
  int cost(int state) {
    return cost[state];
  }

  /** How many rules wait for others on the way to the end of the rule. */
  int height(int state) {
    return height[state];
  }

  private final class Search {
    private final boolean[] possible = new boolean[256];
    private final boolean[] done = new boolean[grammar.states()];
    private final int[] source = new int[grammar.edges()];
    private final Lists edgesTo = new Lists(grammar.states());
    private final Lists callsOf = new Lists(grammar.rules());
    private final Lists chainsTo = new Lists(grammar.states());
    private final int[] ruleOfStart = new int[grammar.states()];

    Search(@Nullable TokenTrie trie) {
      if (trie == null) {
        Arrays.fill(possible, true);
      } else {
        for (int node = 0; node < trie.nodes().count(); node = trie.nodes().skip(node)) {
          possible[trie.nodes().byteOf(node)] |= trie.isToken(node);
        }
      }
      Arrays.fill(ruleOfStart, -1);
      for (int rule = 0; rule < grammar.rules(); rule++) {
        ruleOfStart[grammar.ruleStart(rule)] = rule;
      }
      for (int state = 0; state < grammar.states(); state++) {
        for (int edge = grammar.firstEdge(state); edge < grammar.endEdge(state); edge++) {
          source[edge] = state;
          edgesTo.add(grammar.target(edge), edge);
          if (grammar.low(edge) == Grammar.CALL) {
            callsOf.add(grammar.rule(edge), edge);
          }
        }
        if (trie != null) {
          findChain(trie, state);
        }
      }
    }

    /** Follows the states that have no alternative, and the trie with them. */
    private void findChain(TokenTrie trie, int start) {
      int node = -1;
      int state = start;
      for (int steps = 0; steps < MAX_CHAIN; steps++) {
        int edge = grammar.firstEdge(state);
        boolean forced = grammar.endEdge(state) == edge + 1 && grammar.low(edge) != Grammar.CALL;
        if (!forced) {
          return;
        }
        state = grammar.target(edge);
        if (grammar.low(edge) == Grammar.EPSILON) {
          continue;
        }
        node = grammar.low(edge) < grammar.high(edge) ? -1 : trie.child(node, grammar.low(edge));
        if (node < 0) {
          return;
        }
        if (trie.nodes().depth(node) > 1 && trie.isToken(node)) {
          chainsTo.add(state, start);
        }
      }
    }

    void run() {
      for (int state = 0; state < grammar.states(); state++) {
        if (grammar.isEnd(state)) {
          improve(state, 0, 0);
        }
      }
      while (!queue.isEmpty()) {
        int state = (int) (long) queue.remove();
        if (!done[state]) {
          done[state] = true;
          relax(state);
        }
      }
    }

    private void relax(int state) {
      for (int i = edgesTo.first(state); i >= 0; i = edgesTo.next(i)) {
        int edge = edgesTo.value(i);
        if (grammar.low(edge) == Grammar.CALL) {
          relaxCall(edge);
        } else if (grammar.low(edge) == Grammar.EPSILON) {
          improve(source[edge], cost[state], height[state]);
        } else if (isPossible(edge)) {
          improve(source[edge], cost[state] + 1, height[state]);
        }
      }
      for (int i = chainsTo.first(state); i >= 0; i = chainsTo.next(i)) {
        improve(chainsTo.value(i), cost[state] + 1, height[state]);
      }
      if (ruleOfStart[state] >= 0) {
        int rule = ruleOfStart[state];
        for (int i = callsOf.first(rule); i >= 0; i = callsOf.next(i)) {
          relaxCall(callsOf.value(i));
        }
      }
    }

    private void relaxCall(int edge) {
      int inner = grammar.ruleStart(grammar.rule(edge));
      int after = grammar.target(edge);
      if (done[inner] && done[after]) {
        improve(
            source[edge], cost[inner] + cost[after], Math.max(1 + height[inner], height[after]));
      }
    }

    private void improve(int state, int newCost, int newHeight) {
      if (!done[state] && newCost < cost[state]) {
        cost[state] = newCost;
        height[state] = newHeight;
        queue.add((long) newCost << 32 | state);
      }
    }

    private boolean isPossible(int edge) {
      for (int b = grammar.low(edge); b <= grammar.high(edge); b++) {
        if (possible[b]) {
          return true;
        }
      }
      return false;
    }
  }

  /** Many lists of numbers in three arrays. */
  private static final class Lists {
    private final int[] first;
    private int[] values = new int[64];
    private int[] nexts = new int[64];
    private int count;

    Lists(int lists) {
      first = new int[lists];
      Arrays.fill(first, -1);
    }

    void add(int list, int value) {
      if (count == values.length) {
        values = Arrays.copyOf(values, 2 * count);
        nexts = Arrays.copyOf(nexts, 2 * count);
      }
      values[count] = value;
      nexts[count] = first[list];
      first[list] = count++;
    }

    /** The place of the first value, or -1. */
    int first(int list) {
      return first[list];
    }

    int next(int place) {
      return nexts[place];
    }

    int value(int place) {
      return values[place];
    }
  }
}
