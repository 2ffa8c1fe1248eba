package io.github.nextclass.sampling.structure;

import org.jspecify.annotations.Nullable;

/**
 * Which tokens may come next: the product of a constraint's {@link Automaton}, which reads bytes,
 * and a {@link TokenTrie}, which groups tokens by their bytes. One walk over the trie finds them
 * all; a branch is left as soon as its bytes cannot go on, and where any plain character is as good
 * as any other, only the tokens that are something else are walked. What was found for a state is
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
    Mask plain = plain(state, maxCost);
    return plain == null
        ? walk(state, maxCost, trie.nodes(), new long[(trie.tokens() + 63) / 64], 0)
        : walk(state, maxCost, trie.notPlain(), plain.bits(), plain.worstCost());
  }

  /**
   * The plain tokens that may come, by their lengths alone; null if that is not enough to tell.
   * Inside a string that may have 3 more characters, they are those of 1 to 3.
   */
  private @Nullable Mask plain(Automaton.State state, int maxCost) {
    boolean[] allowed = new boolean[trie.maxPlainLength() + 1];
    int allowedTokens = 0;
    int allTokens = 0;
    int worstCost = 0;
    Automaton.State after = state;
    for (int length = 1; length < allowed.length; length++) {
      if (after != null) {
        if (automaton.tellsPlainApart(after)) {
          return null;
        }
        after = automaton.afterPlain(after);
      }
      int tokens = trie.plainOfLength(length).length;
      allTokens += tokens;
      if (tokens > 0 && after != null && after.cost() <= maxCost) {
        allowed[length] = true;
        allowedTokens += tokens;
        worstCost = Math.max(worstCost, after.cost());
      }
    }
    boolean most = allowedTokens > allTokens / 2;
    long[] bits = most ? trie.plain().clone() : new long[trie.plain().length];
    for (int length = 1; length < allowed.length; length++) {
      if (allowed[length] != most) {
        for (int id : trie.plainOfLength(length)) {
          bits[id >> 6] ^= 1L << id;
        }
      }
    }
    return new Mask(bits, worstCost);
  }

  /** Adds the tokens of a trie that may come to those that are known to. */
  private Mask walk(
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
