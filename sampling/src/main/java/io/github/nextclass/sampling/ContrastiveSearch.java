package io.github.nextclass.sampling;

/**
 * Contrastive search: of the most probable classes takes the one that also leads away from what is
 * there already, so that a text neither wanders off nor turns in circles.
 *
 * <pre>
 *   choose the v among the topK most probable classes with the highest
 *
 *   (1 - penaltyAlpha) * p(v | x)  -  penaltyAlpha * max over j of cos(h(v), h(x[j]))
 *
 *   h: the vector that the body of the transformer makes of a token in its place
 * </pre>
 *
 * <p>Each step reads {@code topK} continuations in one pass. Su et al. 2022, A Contrastive
 * Framework for Neural Text Generation; as transformers' {@code _contrastive_search}.
 *
 * @param penaltyAlpha how much being alike costs, above 0, up to 1; 0.6 is usual
 * @param topK how many classes are compared, at least 2; 4 is usual
 */
public record ContrastiveSearch(double penaltyAlpha, int topK) {
  /** More would be a mistake: each has a KV cache of its own for a step. */
  private static final int MAX_TOP_K = 1024;

  /**
   * Creates the settings.
   *
   * @param penaltyAlpha above 0, up to 1
   * @param topK 2 to 1024
   */
  public ContrastiveSearch {
    Checks.check(penaltyAlpha > 0 && penaltyAlpha <= 1, "penaltyAlpha", "in (0, 1]", penaltyAlpha);
    Checks.check(topK >= 2 && topK <= MAX_TOP_K, "topK", "2 to " + MAX_TOP_K, topK);
  }
}
