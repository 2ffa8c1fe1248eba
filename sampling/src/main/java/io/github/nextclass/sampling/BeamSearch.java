package io.github.nextclass.sampling;

/**
 * How beam search keeps several sequences side by side and looks for the most probable whole.
 *
 * <pre>
 *   score(sequence) = (sum of ln p(token), generated tokens only) / length ^ lengthPenalty
 * </pre>
 *
 * <p>As transformers' {@code GenerationMixin._beam_search}, whose defaults are those of {@link
 * #of(int)}.
 *
 * @param numBeams how many sequences are kept, at least 2
 * @param lengthPenalty above 0 prefers long sequences, below 0 short ones; finite; 1 by default
 * @param earlyStopping when a search ends before its longest sequence; {@link EarlyStopping#FALSE}
 *     by default
 */
public record BeamSearch(int numBeams, double lengthPenalty, EarlyStopping earlyStopping) {
  /** More would be a mistake: each beam holds a KV cache. */
  private static final int MAX_BEAMS = 1024;

  /** When a search ends although its sequences could go on. */
  public enum EarlyStopping {
    /**
     * When no running sequence, were it to end now, would be better than the worst finished one.
     */
    FALSE,
    /** As soon as there are as many finished sequences as beams. */
    TRUE,
    /**
     * Only when no running sequence can become better than the worst finished one, whatever its
     * length.
     */
    NEVER
  }

  /**
   * Creates the settings.
   *
   * @param numBeams how many sequences are kept, 2 to 1024
   * @param lengthPenalty finite
   * @param earlyStopping when a search ends
   */
  public BeamSearch {
    Checks.check(numBeams >= 2 && numBeams <= MAX_BEAMS, "numBeams", "2 to " + MAX_BEAMS, numBeams);
    Checks.check(Double.isFinite(lengthPenalty), "lengthPenalty", "finite", lengthPenalty);
  }

  /**
   * Returns the settings with the defaults of transformers.
   *
   * @param numBeams how many sequences are kept, 2 to 1024
   * @return length penalty 1, early stopping off
   */
  public static BeamSearch of(int numBeams) {
    return new BeamSearch(numBeams, 1, EarlyStopping.FALSE);
  }

  /**
   * Sets the length penalty.
   *
   * @param lengthPenalty finite
   * @return the changed copy
   */
  public BeamSearch withLengthPenalty(double lengthPenalty) {
    return new BeamSearch(numBeams, lengthPenalty, earlyStopping);
  }

  /**
   * Sets when a search ends.
   *
   * @param earlyStopping when
   * @return the changed copy
   */
  public BeamSearch withEarlyStopping(EarlyStopping earlyStopping) {
    return new BeamSearch(numBeams, lengthPenalty, earlyStopping);
  }
}
