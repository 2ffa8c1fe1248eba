package io.github.nextclass.sampling;

/** Makes every class on a list impossible. */
final class BannedClasses implements LogitsFilter {
  private final int[] tokenIds;

  BannedClasses(int[] tokenIds) {
    this.tokenIds = tokenIds;
  }

  @Override
  public void apply(Candidates candidates, TokenHistory history) {
    for (int tokenId : tokenIds) {
      candidates.mask(tokenId);
    }
  }
}
