package io.github.nextclass.engine.cpu;

/** Working memory of one thread, kept between operations and grown when one needs more. */
final class Scratch {
  private float[] panel = new float[0];
  private final Queries queries = new Queries();
  private float[] staging = new float[0];
  private float[] work = new float[0];
  private float[] turned = new float[0];
  private float[] sums = new float[0];
  private float[] scores = new float[0];

  /** Weights of a few rows, widened to floats. */
  float[] panel(int length) {
    if (panel.length < length) {
      panel = new float[length];
    }
    return panel;
  }

  Queries queries() {
    return queries;
  }

  /** Rows of a weight on their way into a panel. */
  float[] staging(int length) {
    if (staging.length < length) {
      staging = new float[length];
    }
    return staging;
  }

  /** A square half turned. */
  float[] work(int length) {
    if (work.length < length) {
      work = new float[length];
    }
    return work;
  }

  /** A square turned. */
  float[] turned(int length) {
    if (turned.length < length) {
      turned = new float[length];
    }
    return turned;
  }

  /** Partial sums of a tile. */
  float[] sums(int length) {
    if (sums.length < length) {
      sums = new float[length];
    }
    return sums;
  }

  /**
   * Attention scores of the query heads of one group; grows in large steps, as the context does.
   */
  float[] scores(int length) {
    if (scores.length < length) {
      scores = new float[Math.max(length, 2 * scores.length)];
    }
    return scores;
  }
}
