package io.github.nextclass.sampling;

/**
 * A filter with what it is called.
 *
 * @param label such as {@code top-k 20}
 * @param filter the filter
 */
record LabelledFilter(String label, LogitsFilter filter) implements LogitsFilter {
  @Override
  public void apply(Candidates candidates, TokenHistory history) {
    filter.apply(candidates, history);
  }

  @Override
  public void chosen(Candidates candidates, int index) {
    filter.chosen(candidates, index);
  }

  @Override
  public String toString() {
    return label;
  }
}
