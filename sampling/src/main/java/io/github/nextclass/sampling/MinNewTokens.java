package io.github.nextclass.sampling;

/** Makes the tokens that end a generation impossible until enough tokens were generated. */
final class MinNewTokens implements LogitsFilter {
  private final int minNewTokens;
  private final int[] stopTokenIds;

  MinNewTokens(int minNewTokens, StopTokens stopTokens) {
    this.minNewTokens = minNewTokens;
    this.stopTokenIds = stopTokens.all();
  }

  @Override
  public void apply(Candidates candidates, TokenHistory history) {
    if (history.generatedLength() < minNewTokens) {
      for (int tokenId : stopTokenIds) {
        candidates.mask(tokenId);
      }
    }
  }
}
