package io.github.nextclass.sampling;

import java.util.List;

/**
 * One step of a generation, seen as what it is: the classification of a prefix.
 *
 * @param step the number of the step; the first is 0
 * @param position the length of the prefix that was classified, in tokens
 * @param chosen the class that was chosen; its token comes next
 * @param choice why it was chosen
 * @param top the classes with the highest scores before the filters, best first, equal ones by id;
 *     as many as {@link Decoding#topClasses(int)} asks for
 * @param filters what each filter did, in order; empty unless {@link
 *     Decoding#traceFilters(boolean)} asks for it
 */
public record Prediction(
    int step,
    int position,
    ClassScore chosen,
    Choice choice,
    List<ClassScore> top,
    List<FilterEffect> filters) {

  /**
   * Creates a prediction.
   *
   * @param step the number of the step
   * @param position the length of the prefix
   * @param chosen the chosen class
   * @param choice why it was chosen
   * @param top the best classes; copied
   * @param filters what each filter did; copied
   */
  public Prediction {
    top = List.copyOf(top);
    filters = List.copyOf(filters);
  }

  /** The same step, and why its class was chosen. */
  Prediction chosenBy(Choice reason) {
    return new Prediction(step, position, chosen, reason, top, filters);
  }

  /**
   * Returns the chosen class.
   *
   * @return the id of the token that comes next
   */
  public int tokenId() {
    return chosen.tokenId();
  }

  /**
   * Returns the classifier's probability of the chosen class, before the filters.
   *
   * @return 0 to 1
   */
  public double probability() {
    return chosen.probability();
  }
}
