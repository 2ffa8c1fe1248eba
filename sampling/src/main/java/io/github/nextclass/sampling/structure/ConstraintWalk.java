package io.github.nextclass.sampling.structure;

/**
 * The way of one generation through its constraint. Ask what may come next, choose, tell what was
 * chosen:
 *
 * <pre>{@code
 * ConstraintWalk walk = trie.walk(constraint);
 * while (!(walk.mayEnd() && wantsToEnd())) {
 *   walk.advance(choose(walk.allowed(tokensLeft--)));
 * }
 * }</pre>
 *
 * <p>As long as only allowed tokens are chosen, {@link #tokensToEnd()} never exceeds the tokens
 * that are left, and at least one token is allowed or the text may end. Belongs to one thread at a
 * time.
 */
public final class ConstraintWalk {
  private final TokenMasks masks;
  private Automaton.State state;

  ConstraintWalk(TokenMasks masks, Automaton.State start) {
    this.masks = masks;
    this.state = start;
  }

  /**
   * Tells whether the text so far is allowed as a whole.
   *
   * @return true where an end-of-sequence token may come
   */
  public boolean mayEnd() {
    return state.isAccepting();
  }

  /**
   * Returns how many tokens are enough to complete the text.
   *
   * @return 0 if it may end here; not always the least, but never too few
   */
  public int tokensToEnd() {
    return state.cost();
  }

  /**
   * Returns the tokens that may come next.
   *
   * @param tokensLeft how many tokens there will be after the next one; a token after which the end
   *     is further away is not allowed
   * @return bit {@code id % 64} of element {@code id / 64} stands for token {@code id}; to be read
   *     only
   * @throws ConstraintException if the constraint is so ambiguous that it cannot be followed
   */
  public long[] allowed(int tokensLeft) {
    return masks.allowed(state, tokensLeft);
  }

  /**
   * Takes the token that was chosen.
   *
   * @param tokenId a token that is allowed
   * @throws IllegalArgumentException if it is not
   */
  public void advance(int tokenId) {
    Automaton.State next = masks.advance(state, tokenId);
    if (next == null) {
      throw new IllegalArgumentException("token " + tokenId + " is not allowed here");
    }
    state = next;
  }
}
