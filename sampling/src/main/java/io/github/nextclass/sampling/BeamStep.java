package io.github.nextclass.sampling;

import java.util.List;

/**
 * One step of a beam search, as those who want to draw it need it.
 *
 * @param step the number of the step; the first is 0
 * @param running the sequences that go on, best first
 * @param finished the sequences that ended in this step and were good enough to be kept
 */
public record BeamStep(int step, List<Path> running, List<Path> finished) {

  /**
   * Creates a step.
   *
   * @param step the number of the step
   * @param running the sequences that go on; copied
   * @param finished the sequences that ended; copied
   */
  public BeamStep {
    running = List.copyOf(running);
    finished = List.copyOf(finished);
  }

  /**
   * A sequence with the token that this step gave it.
   *
   * @param parent which of the sequences that ran before it continues, by its place in the step
   *     before; 0 in the first step
   * @param tokenId the token
   * @param score the sum of its log-probabilities; of a finished one divided as {@link BeamSearch}
   *     says
   */
  public record Path(int parent, int tokenId, double score) {}
}
