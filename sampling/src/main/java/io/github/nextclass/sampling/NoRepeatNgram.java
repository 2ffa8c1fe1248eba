package io.github.nextclass.sampling;

/**
 * Forbids every token that would complete a sequence of n tokens that is already there, in the
 * prompt or in what was generated.
 *
 * <pre>
 *   n = 3     a b c x a b  ?        c is forbidden, since a b c is there
 * </pre>
 *
 * <p>As transformers' {@code NoRepeatNGramLogitsProcessor} (Paulus et al. 2017 for n = 3).
 *
 * @param size n, at least 1; 1 forbids every token that was there
 */
public record NoRepeatNgram(int size) implements FilterRule {

  /**
   * Creates the rule.
   *
   * @param size n, at least 1
   */
  public NoRepeatNgram {
    Checks.check(size >= 1, "noRepeatNgramSize", "at least 1", size);
  }

  /** The filter of one generation. */
  static final class Filter implements LogitsFilter {
    private final int size;

    Filter(NoRepeatNgram rule) {
      size = rule.size;
    }

    @Override
    public void apply(Candidates candidates, TokenHistory history) {
      int suffix = history.length() - (size - 1);
      for (int start = 0; start < suffix; start++) {
        if (matches(history, start, suffix)) {
          candidates.mask(history.tokenId(start + size - 1));
        }
      }
    }

    private boolean matches(TokenHistory history, int start, int suffix) {
      // From its end, where it differs soonest.
      for (int i = size - 2; i >= 0; i--) {
        if (history.tokenId(start + i) != history.tokenId(suffix + i)) {
          return false;
        }
      }
      return true;
    }
  }
}
