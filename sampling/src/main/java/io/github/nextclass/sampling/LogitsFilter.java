package io.github.nextclass.sampling;

/**
 * One step on the way from the scores of a classifier to the choice: changes scores, or removes
 * candidates. What transformers calls a LogitsProcessor.
 *
 * <p>An instance serves one generation and may remember what it saw. Removing the last candidate is
 * not an error of the filter: the decoder reports it.
 */
interface LogitsFilter {

  /**
   * Filters the candidates of one step.
   *
   * @param candidates changed in place
   * @param history the sequence that was classified
   */
  void apply(Candidates candidates, TokenHistory history);

  /**
   * Hears what was chosen, once for each step after {@link #apply}. Most filters read it from the
   * history of the next step.
   *
   * @param candidates those that all filters left
   * @param index the index of the chosen one
   */
  default void chosen(Candidates candidates, int index) {}
}
