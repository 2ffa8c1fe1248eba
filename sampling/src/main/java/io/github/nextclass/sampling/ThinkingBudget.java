package io.github.nextclass.sampling;

import java.util.List;

/**
 * Ends a thought that takes too long: after so many tokens of thinking the model is made to say a
 * closing sentence, token by token, and then goes on by itself with the answer.
 *
 * <pre>
 *   &lt;think&gt; t1 t2 ... tn                     n = maxTokens, and no &lt;/think&gt; among them
 *           | forced: closing tokens, which contain &lt;/think&gt;
 *                                     | the answer
 * </pre>
 *
 * <p>{@link LanguageModel#thinkingBudget(int)} makes one with Qwen's closing sentence. The recipe
 * is that of Qwen3's documentation (thinking_budget.md); forcing the tokens one by one gives the
 * sequence that reading them at once would give.
 *
 * @param maxTokens how many tokens a thought may have, at least 0
 * @param startTokenId {@code <think>}
 * @param endTokenId {@code </think>}
 * @param closingTokenIds what ends a thought; contains {@code endTokenId}
 */
public record ThinkingBudget(
    int maxTokens, int startTokenId, int endTokenId, List<Integer> closingTokenIds)
    implements FilterRule {

  /**
   * Creates the rule.
   *
   * @param maxTokens at least 0
   * @param startTokenId what a thought begins with
   * @param endTokenId what it ends with
   * @param closingTokenIds what ends a thought that is too long; copied
   */
  public ThinkingBudget {
    Checks.check(maxTokens >= 0, "thinkingBudget", "at least 0", maxTokens);
    closingTokenIds = List.copyOf(closingTokenIds);
    if (!closingTokenIds.contains(endTokenId)) {
      throw new IllegalArgumentException(
          "closingTokenIds must contain the token that ends a thought, "
              + endTokenId
              + ", got "
              + closingTokenIds);
    }
  }

  /** The filter of one generation; it follows from the sequence alone. */
  static final class Filter implements LogitsFilter {
    private final ThinkingBudget rule;

    Filter(ThinkingBudget rule) {
      this.rule = rule;
    }

    @Override
    public void apply(Candidates candidates, TokenHistory history) {
      int start = history.length() - 1;
      while (start >= 0 && history.tokenId(start) != rule.startTokenId) {
        start--;
      }
      if (start < 0) {
        return;
      }
      int forcedFrom =
          (int)
              Math.min(
                  Math.max(1L + start + rule.maxTokens, history.promptLength()), Integer.MAX_VALUE);
      for (int i = start; i < Math.min(forcedFrom, history.length()); i++) {
        if (history.tokenId(i) == rule.endTokenId) {
          return;
        }
      }
      int next = history.length() - forcedFrom;
      if (next >= 0 && next < rule.closingTokenIds.size()) {
        candidates.force(rule.closingTokenIds.get(next));
      }
    }
  }
}
