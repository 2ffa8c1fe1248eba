package io.github.nextclass.cli;

import java.util.Arrays;

/** How far the distributions of one model are from those of another, position by position. */
final class Comparison {
  private double[] divergences = new double[64];
  private int positions;
  private int agreed;
  private double logProbability;
  private double otherLogProbability;

  /**
   * Adds a position.
   *
   * @param scores the logits of the one
   * @param others those of the other, which the divergence is from
   * @param next the token that follows in the text
   */
  void add(float[] scores, float[] others, int next) {
    double norm = logOfSum(scores);
    double otherNorm = logOfSum(others);
    double divergence = 0;
    for (int i = 0; i < scores.length; i++) {
      double log = scores[i] - norm;
      double otherLog = others[i] - otherNorm;
      divergence += Math.exp(otherLog) * (otherLog - log);
    }
    if (positions == divergences.length) {
      divergences = Arrays.copyOf(divergences, 2 * positions);
    }
    divergences[positions++] = Math.max(0, divergence); // below 0 by rounding alone
    agreed += best(scores) == best(others) ? 1 : 0;
    logProbability += scores[next] - norm;
    otherLogProbability += others[next] - otherNorm;
  }

  int positions() {
    return positions;
  }

  double perplexity() {
    return Math.exp(-logProbability / positions);
  }

  double otherPerplexity() {
    return Math.exp(-otherLogProbability / positions);
  }

  double meanDivergence() {
    return Arrays.stream(divergences, 0, positions).average().orElse(0);
  }

  /** The divergence that so many positions stay at or below. */
  double divergenceBelow(double part) {
    double[] sorted = Arrays.copyOf(divergences, positions);
    Arrays.sort(sorted);
    return sorted[(int) Math.min(positions - 1L, (long) (part * positions))];
  }

  double agreement() {
    return (double) agreed / positions;
  }

  private static double logOfSum(float[] scores) {
    double max = Double.NEGATIVE_INFINITY;
    for (float score : scores) {
      max = Math.max(max, score);
    }
    double sum = 0;
    for (float score : scores) {
      sum += Math.exp(score - max);
    }
    return max + Math.log(sum);
  }

  private static int best(float[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      best = scores[i] > scores[best] ? i : best;
    }
    return best;
  }
}
