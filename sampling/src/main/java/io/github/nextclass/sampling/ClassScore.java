package io.github.nextclass.sampling;

/**
 * How one class fared in one step.
 *
 * <p>The pair before the filters is the classifier's opinion: {@code probability} is the softmax of
 * the logits over all classes. The pair after the filters is what the choice was made from: {@code
 * filteredProbability} is the softmax of the filtered logits over the classes that were left.
 *
 * @param tokenId the class
 * @param logit its score as the classifier gave it
 * @param probability its probability as the classifier sees it, 0 to 1
 * @param filteredLogit its score after all filters; negative infinity if a filter removed the class
 * @param filteredProbability its probability after all filters, 0 to 1; 0 if a filter removed the
 *     class
 */
public record ClassScore(
    int tokenId, float logit, double probability, float filteredLogit, double filteredProbability) {

  /**
   * Tells whether the class could still be chosen after the filters.
   *
   * @return false if a filter removed it
   */
  public boolean eligible() {
    return filteredLogit != Float.NEGATIVE_INFINITY;
  }
}
