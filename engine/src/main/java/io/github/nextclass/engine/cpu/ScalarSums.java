package io.github.nextclass.engine.cpu;

/**
 * Sums of products side by side, {@code sums[i] += w[i] * x}, in plain loops of which HotSpot makes
 * vectors. It does so only if all arrays of a loop are used at the same place: with an offset into
 * one of them it would have to know that they do not overlap. Hence arrays of arrays.
 */
final class ScalarSums {
  private ScalarSums() {}

  /** Terms in ascending order: {@code sums[i] = fma(w[t][i], x[at + t], sums[i])}. */
  static void addTerms(float[][] w, int terms, float[] x, int at, float[] sums, int n) {
    int t = 0;
    for (; t <= terms - 8; t += 8) {
      addEight(w, t, 2, x, at + t, sums, n);
    }
    for (; t < terms; t++) {
      addOne(w[t], x[at + t], sums, n);
    }
  }

  /** Eight terms are worth reading and writing the sums: four pairs of neighbours, a gap apart. */
  static void addEight(float[][] w, int t, int gap, float[] x, int at, float[] sums, int n) {
    addEight(
        w[t],
        w[t + 1],
        w[t + gap],
        w[t + gap + 1],
        w[t + 2 * gap],
        w[t + 2 * gap + 1],
        w[t + 3 * gap],
        w[t + 3 * gap + 1],
        x[at],
        x[at + 1],
        x[at + gap],
        x[at + gap + 1],
        x[at + 2 * gap],
        x[at + 2 * gap + 1],
        x[at + 3 * gap],
        x[at + 3 * gap + 1],
        sums,
        n);
  }

  private static void addEight(
      float[] w0,
      float[] w1,
      float[] w2,
      float[] w3,
      float[] w4,
      float[] w5,
      float[] w6,
      float[] w7,
      float x0,
      float x1,
      float x2,
      float x3,
      float x4,
      float x5,
      float x6,
      float x7,
      float[] sums,
      int n) {
    for (int i = 0; i < n; i++) {
      float sum = Math.fma(w1[i], x1, Math.fma(w0[i], x0, sums[i]));
      sum = Math.fma(w3[i], x3, Math.fma(w2[i], x2, sum));
      sum = Math.fma(w5[i], x5, Math.fma(w4[i], x4, sum));
      sums[i] = Math.fma(w7[i], x7, Math.fma(w6[i], x6, sum));
    }
  }

  static void addOne(float[] w, float x, float[] sums, int n) {
    for (int i = 0; i < n; i++) {
      sums[i] = Math.fma(w[i], x, sums[i]);
    }
  }
}
