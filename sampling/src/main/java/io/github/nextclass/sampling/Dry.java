package io.github.nextclass.sampling;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Don't repeat yourself: makes a token less likely the longer the repetition is that it would
 * continue.
 *
 * <pre>
 *   length(i)  = the longest end of the sequence that stands in it before, followed by i
 *   score(i)  -= multiplier * base ^ (length(i) - allowedLength)        if length(i) &gt;= allowedLength
 *
 *   a b c c b c y a b c  ?        length(c) = 3 (a b c), length(y) = 2 (b c), length(b) = 1 (c)
 * </pre>
 *
 * <p>No repetition reaches over a breaker, such as the end of a line, and breakers themselves are
 * never made less likely. P. E. Weidmann 2024 (text-generation-webui pull request 5677); as
 * llama.cpp's {@code dry} with breakers of one token. {@link LanguageModel#dryBreakers(String...)}
 * finds the tokens of breakers that are texts.
 *
 * @param multiplier above 0, finite; 0.8 is usual
 * @param base at least 1, finite; 1.75 is usual
 * @param allowedLength how long a repetition may be, at least 1; 2 is usual
 * @param lastN how many of the last tokens are looked at, at least 1, or {@link #ALL}
 * @param breakerTokenIds the tokens that repetitions do not reach over
 */
public record Dry(
    double multiplier, double base, int allowedLength, int lastN, Set<Integer> breakerTokenIds)
    implements FilterRule {
  /** The {@link #lastN} that looks at all tokens. */
  public static final int ALL = -1;

  /**
   * Creates the rule.
   *
   * @param multiplier above 0, finite
   * @param base at least 1, finite
   * @param allowedLength at least 1
   * @param lastN at least 1, or {@link #ALL}
   * @param breakerTokenIds copied
   */
  public Dry {
    Checks.check(
        multiplier > 0 && Double.isFinite(multiplier),
        "dry multiplier",
        "finite and above 0",
        multiplier);
    Checks.check(
        base >= 1 && Float.isFinite((float) base), "dry base", "finite and at least 1", base);
    Checks.check(allowedLength >= 1, "dry allowedLength", "at least 1", allowedLength);
    Checks.check(lastN >= 1 || lastN == ALL, "dry lastN", "at least 1, or -1 (all)", lastN);
    breakerTokenIds = Set.copyOf(breakerTokenIds);
    for (int tokenId : breakerTokenIds) {
      Checks.check(tokenId >= 0, "dry breakerTokenIds", "token ids of at least 0", tokenId);
    }
  }

  /**
   * Returns the rule with the usual numbers, over all tokens and without breakers.
   *
   * @param multiplier above 0, finite; 0.8 is usual
   * @return the rule
   */
  public static Dry of(double multiplier) {
    return new Dry(multiplier, 1.75, 2, ALL, Set.of());
  }

  /** The filter of one generation. */
  static final class Filter implements LogitsFilter {
    /** The logarithm of the largest float, which a penalty must not exceed. */
    private static final double FLOAT_MAX_LOG = 88.7228391;

    private final Dry rule;
    private final int maxExponent;
    private int[] backwards = {};
    private int[] repeats = {};

    Filter(Dry rule) {
      this.rule = rule;
      this.maxExponent =
          rule.base > 1.000001 ? (int) (FLOAT_MAX_LOG / StrictMath.log(rule.base)) : 0;
    }

    @Override
    public void apply(Candidates candidates, TokenHistory history) {
      readBackwards(history);
      int limit = distanceToBreaker();
      if (backwards.length <= rule.allowedLength || limit < rule.allowedLength) {
        return;
      }
      countRepeats();
      Map<Integer, Integer> longest = new HashMap<>();
      for (int i = 1; i < backwards.length; i++) {
        int length = Math.min(repeats[i], limit);
        if (length >= rule.allowedLength && !rule.breakerTokenIds.contains(backwards[i - 1])) {
          longest.merge(backwards[i - 1], length, Math::max);
        }
      }
      float[] scores = candidates.scores();
      longest.forEach((tokenId, length) -> {
        int index = candidates.indexOf(tokenId);
        if (index >= 0) {
          scores[index] -= penalty(length);
        }
      });
    }

    private float penalty(int length) {
      int exponent = length - rule.allowedLength;
      if (maxExponent > 0) {
        exponent = Math.min(exponent, maxExponent);
      }
      return (float) (rule.multiplier * StrictMath.pow(rule.base, exponent));
    }

    private void readBackwards(TokenHistory history) {
      int length = rule.lastN == ALL ? history.length() : Math.min(rule.lastN, history.length());
      backwards = Arrays.copyOf(backwards, length);
      for (int i = 0; i < length; i++) {
        backwards[i] = history.tokenId(history.length() - 1 - i);
      }
    }

    private int distanceToBreaker() {
      int distance = 0;
      while (distance < backwards.length && !rule.breakerTokenIds.contains(backwards[distance])) {
        distance++;
      }
      return distance;
    }

    /**
     * The Z-algorithm on the reversed sequence: {@code repeats[i]} is how many tokens from i on
     * equal those from 0 on. Linear, because what lies inside the last repeat found is known.
     */
    private void countRepeats() {
      int n = backwards.length;
      repeats = new int[n];
      int from = 0; // the repeat that reaches farthest is [from, to)
      int to = 0;
      for (int i = 1; i < n; i++) {
        int length = i < to ? Math.min(repeats[i - from], to - i) : 0;
        while (i + length < n && backwards[length] == backwards[i + length]) {
          length++;
        }
        repeats[i] = length;
        if (i + length > to) {
          from = i;
          to = i + length;
        }
      }
    }
  }
}
