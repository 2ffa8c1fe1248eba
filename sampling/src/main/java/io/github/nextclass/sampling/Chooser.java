package io.github.nextclass.sampling;

/** Chooses one of the candidates that the filters left. */
interface Chooser {

  /**
   * Chooses.
   *
   * @param candidates at least one with a score above negative infinity
   * @param step the number of the step
   * @return the index of the chosen candidate
   */
  int choose(Candidates candidates, int step);
}
