package io.github.nextclass.sampling;

import io.github.nextclass.sampling.structure.ConstraintWalk;

/**
 * Removes the classes with which the text could not become one that a constraint allows. The tokens
 * that end the generation stay exactly where the text may end.
 */
final class ConstrainedClasses implements LogitsFilter {
  private final ConstraintWalk walk;
  private final int[] ends;
  private final int maxNewTokens;
  private int followed;

  /**
   * Starts with an empty text.
   *
   * @param walk before its first token
   * @param ends the tokens that end the generation
   * @param maxNewTokens how many tokens there will be at most, the one that ends it among them
   */
  ConstrainedClasses(ConstraintWalk walk, StopTokens ends, int maxNewTokens) {
    this.walk = walk;
    this.ends = ends.all();
    this.maxNewTokens = maxNewTokens;
    if (this.ends.length == 0) {
      throw new IllegalArgumentException(
          "a constraint needs an end-of-sequence token, and there is none, or ignoreEos is set");
    }
    if (walk.tokensToEnd() >= maxNewTokens) {
      throw new IllegalArgumentException(
          "the constraint needs "
              + walk.tokensToEnd()
              + (walk.tokensToEnd() == 1 ? " token" : " tokens")
              + " and one that ends the text, but there is room for "
              + maxNewTokens);
    }
  }

  @Override
  public void apply(Candidates candidates, TokenHistory history) {
    int generated = history.generatedLength();
    while (followed < generated) {
      walk.advance(history.tokenId(history.promptLength() + followed));
      followed++;
    }
    int leftForText = maxNewTokens - generated - 2; // without the next one and the one that ends it
    long[] allowed = walk.allowed(leftForText).clone();
    for (int end : ends) {
      long bit = 1L << end;
      if (end >> 6 < allowed.length) {
        allowed[end >> 6] &= ~bit;
        allowed[end >> 6] |= walk.mayEnd() ? bit : 0;
      }
    }
    candidates.keepOnly(allowed);
  }
}
