package io.github.nextclass.sampling;

/**
 * How many tokens are guessed ahead from what stands in the sequence already. It changes the speed
 * and never the tokens: {@link PromptLookupClassifier} says why.
 *
 * <p>Saxena 2023; the guess is that of transformers' {@code PromptLookupCandidateGenerator}.
 *
 * @param numTokens how many tokens are guessed at most, 1 to 64; 10 is usual
 * @param maxNgram how many of the last tokens are looked for at most, 1 to 64; 2 is usual
 */
public record PromptLookup(int numTokens, int maxNgram) {
  private static final int MAX = 64;
  private static final int DEFAULT_NGRAM = 2;

  /**
   * Creates the settings.
   *
   * @param numTokens 1 to 64
   * @param maxNgram 1 to 64
   */
  public PromptLookup {
    Checks.check(
        numTokens >= 1 && numTokens <= MAX, "promptLookup numTokens", "1 to " + MAX, numTokens);
    Checks.check(
        maxNgram >= 1 && maxNgram <= MAX, "promptLookup maxNgram", "1 to " + MAX, maxNgram);
  }

  /**
   * Returns the settings that look for the last two tokens, or else the last one.
   *
   * @param numTokens how many tokens are guessed at most
   * @return the settings
   */
  public static PromptLookup of(int numTokens) {
    return new PromptLookup(numTokens, DEFAULT_NGRAM);
  }
}
