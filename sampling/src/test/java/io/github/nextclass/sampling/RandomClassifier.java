package io.github.nextclass.sampling;

import java.util.Arrays;
import java.util.Random;

/** A model that knows nothing: scores are drawn, whatever the prefix is. */
final class RandomClassifier implements TokenClassifier {
  private static final int EXTRA = 8191;

  private final float[] noise;
  private final int classes;
  private final Random random;
  private int position;

  RandomClassifier(int classes, long seed) {
    this.classes = classes;
    this.noise = new float[classes + EXTRA];
    this.random = new Random(seed);
    for (int i = 0; i < noise.length; i++) {
      noise[i] = 3 * (float) random.nextGaussian();
    }
  }

  /** A new prefix. */
  RandomClassifier restart() {
    position = 0;
    return this;
  }

  @Override
  public int classes() {
    return classes;
  }

  @Override
  public int position() {
    return position;
  }

  @Override
  public int capacity() {
    return 100_000;
  }

  @Override
  public float[] classify(int... tokenIds) {
    position += tokenIds.length;
    int from = random.nextInt(EXTRA);
    return Arrays.copyOfRange(noise, from, from + classes);
  }
}
