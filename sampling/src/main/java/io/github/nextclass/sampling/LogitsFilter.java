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
}
