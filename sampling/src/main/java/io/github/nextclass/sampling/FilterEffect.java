package io.github.nextclass.sampling;

import java.util.List;

/**
 * What one filter did in one step.
 *
 * @param filter what it is called, with its number, such as {@code top-k 20}
 * @param classesLeft how many classes could still be chosen after it
 * @param scores the classes of {@link Prediction#top()} and the chosen one, in that order, after it
 */
public record FilterEffect(String filter, int classesLeft, List<Score> scores) {

  /**
   * Creates an effect.
   *
   * @param filter what it is called
   * @param classesLeft how many classes were left
   * @param scores some classes after it; copied
   */
  public FilterEffect {
    scores = List.copyOf(scores);
  }

  /**
   * A class after a filter.
   *
   * @param tokenId the class
   * @param score its score; negative infinity if it was removed
   * @param probability its probability among the classes left; 0 if it was removed
   */
  public record Score(int tokenId, float score, double probability) {}
}
