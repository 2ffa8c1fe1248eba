package io.github.nextclass.sampling;

/** Removes every class that is not on a list. */
final class AllowedClasses implements LogitsFilter {
  private final int[] tokenIds;

  /** Takes the classes in ascending order. */
  AllowedClasses(int[] tokenIds) {
    this.tokenIds = tokenIds;
  }

  @Override
  public void apply(Candidates candidates, TokenHistory history) {
    candidates.keepOnly(tokenIds);
  }
}
