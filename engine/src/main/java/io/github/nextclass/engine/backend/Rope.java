package io.github.nextclass.engine.backend;

/**
 * The angles of rotary position embedding: {@code half} frequencies, and a factor on cosine and
 * sine that YaRN sets.
 *
 * <p>All arithmetic is in 32-bit floats as in the reference (transformers {@code
 * modeling_rope_utils.py}): at position 40,000 the rounding of {@code position * frequency} moves
 * an angle by some 0.001, and a more exact result would be a different one.
 *
 * @param inverseFrequencies the frequencies {@code [headDim / 2]}, in radians a position
 * @param attentionFactor the factor on cosine and sine; 1 without YaRN
 */
public record Rope(float[] inverseFrequencies, float attentionFactor) {

  /**
   * Cosines and sines of one position.
   *
   * @param position the position, from 0
   * @param cos the cosines {@code [headDim / 2]}, written
   * @param sin the sines {@code [headDim / 2]}, written
   */
  public void angles(int position, float[] cos, float[] sin) {
    for (int i = 0; i < inverseFrequencies.length; i++) {
      float angle = inverseFrequencies[i] * position;
      cos[i] = (float) Math.cos(angle) * attentionFactor;
      sin[i] = (float) Math.sin(angle) * attentionFactor;
    }
  }
}
