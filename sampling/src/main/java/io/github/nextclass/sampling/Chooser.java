package io.github.nextclass.sampling;

/** Chooses one of the candidates that the filters left. */
interface Chooser {

  /**
   * The chosen candidate.
   *
   * @param index its index
   * @param choice why it
   */
  record Chosen(int index, Choice choice) {}

  /**
   * Chooses.
   *
   * @param candidates at least one with a score above negative infinity
   * @param step the number of the step
   * @return the chosen candidate
   */
  Chosen choose(Candidates candidates, int step);
}
