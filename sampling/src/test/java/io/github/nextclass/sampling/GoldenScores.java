package io.github.nextclass.sampling;

/** The scores of scripts/make_sampling_goldens.py, computed again. */
final class GoldenScores {
  private static final long GAMMA = 0x9e3779b97f4a7c15L;

  private GoldenScores() {}

  static float[] make(String kind, long seed, int count) {
    float[] scores = new float[count];
    for (int i = 0; i < count; i++) {
      double u = uniform(seed, i, 0);
      double bell = u + uniform(seed, i, 1) + uniform(seed, i, 2) + uniform(seed, i, 3) - 2.0;
      scores[i] =
          (float)
              switch (kind) {
                case "bell" -> bell * 8;
                case "flat" -> u * 0.5;
                case "peaked" -> i == seed % count ? 21.5 : bell * 8;
                case "ties" -> Math.floor(u * 12);
                case "equal" -> 0.0;
                case "large" -> bell * 0x1p100;
                case "tiny" -> bell * 0x1p-120;
                case "masked" -> u < 0.4 ? Double.NEGATIVE_INFINITY : bell * 4;
                default -> throw new IllegalArgumentException(kind);
              };
    }
    return scores;
  }

  private static double uniform(long seed, long index, long stream) {
    return (mix(seed + ((stream << 32) + index + 1) * GAMMA) >>> 40) * 0x1p-24;
  }

  /** Written out again on purpose: the code under test has one of its own. */
  static long mix(long value) {
    long z = value;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
