package io.github.nextclass.sampling.structure;

import org.jspecify.annotations.Nullable;

/**
 * Which tokens may come next: the product of a constraint's {@link Automaton}, which reads bytes,
 * and a {@link TokenTrie}, which groups tokens by their bytes. One walk over the trie finds them
 * all; a branch is left as soon as its bytes cannot go on, and where any plain text is as good as
 * any other, only the tokens that are something else are walked. What was found for a state is
 * remembered.
 *
 * <p>Thread-safe: generations that share a constraint share this and take turns.
 */
final class TokenMasks {
  private final TokenTrie trie;
  private final Automaton automaton;
  private final Automaton.@Nullable State[] path;
  private int maskCount;

  TokenMasks(TokenTrie trie, Constraint constraint) {
    this.trie = trie;
    Grammar grammar = constraint.grammar();
    automaton = new Automaton(grammar, new Costs(grammar, trie));
    path = new Automaton.State[trie.nodes().maxDepth() + 1];
  }

  /** The state before the first token; null if the tokens cannot spell any allowed text. */
  synchronized Automaton.@Nullable State start() {
    Automaton.State start = automaton.start();
    return start.cost() < Costs.NEVER ? start : null;
  }

  /** The state behind a token; null if it was not allowed. */
  synchronized Automaton.@Nullable State advance(Automaton.State state, int tokenId) {
    byte[] bytes = trie.bytesOf(tokenId);
    Automaton.State next = bytes.length == 0 ? null : current(state);
    for (byte b : bytes) {
      if (next == null) {
        return null;
      }
      next = automaton.step(next, b & 0xFF);
    }
    return next;
  }

  /**
   * The tokens that may come next.
   *
   * @param maxCost how many tokens there will be left to reach the end
   * @return to be read only
   */
  synchronized long[] allowed(Automaton.State state, int maxCost) {
    Automaton.State current = current(state);
    Mask mask = current.mask;
    if (mask == null) {
      mask = find(current, Costs.NEVER);
      current.mask = mask;
      maskCount++;
    }
    // Close to the limit, what is allowed also depends on how close.
    return mask.worstCost() <= maxCost ? mask.bits() : find(current, maxCost).bits();
  }

  private Automaton.State current(Automaton.State state) {
    if (automaton.positionCount() > Limits.MAX_POSITIONS / 2 || maskCount >= Limits.MAX_MASKS) {
      automaton.forget();
      maskCount = 0;
    }
    return automaton.refresh(state);
  }

  private Mask find(Automaton.State state, int maxCost) {
    if (!PlainText.leadsBack(automaton, state)) {
      return find(state, maxCost, trie.nodes(), new long[(trie.tokens() + 63) / 64], 0);
    }
    boolean allowed = state.cost() <= maxCost;
    return find(
        state,
        maxCost,
        trie.notPlain(),
        allowed ? trie.plain().clone() : new long[trie.plain().length],
        allowed ? state.cost() : 0);
  }

  /** Adds the tokens of a trie that may come to those that are known to. */
  private Mask find(
      Automaton.State state, int maxCost, TrieNodes nodes, long[] bits, int knownWorstCost) {
    int worstCost = knownWorstCost;
    path[0] = state;
    int node = 0;
    while (node < nodes.count()) {
      int depth = nodes.depth(node);
      Automaton.State before = path[depth - 1];
      Automaton.State after = before == null ? null : automaton.step(before, nodes.byteOf(node));
      if (after == null) {
        node = nodes.skip(node);
        continue;
      }
      path[depth] = after;
      int id = nodes.tokenId(node);
      if (id != TrieNodes.NO_TOKEN && after.cost() <= maxCost) {
        bits[id >> 6] |= 1L << id;
        worstCost = Math.max(worstCost, after.cost());
      }
      node++;
    }
    return new Mask(bits, worstCost);
  }
}
