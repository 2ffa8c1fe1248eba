package io.github.nextclass.sampling;

/**
 * The SplitMix64 generator (Steele, Lea, Flood 2014): number t of the sequence of a seed is a hash
 * of seed + t * gamma. So a draw needs no state: it follows from the seed and the number of the
 * step alone.
 */
final class SplitMix64 {
  private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

  private SplitMix64() {}

  /** Uniform in [0, 1): the upper 53 bits of the number. */
  static double uniform(long seed, long step) {
    return (mix(seed + (step + 1) * GOLDEN_GAMMA) >>> 11) * 0x1.0p-53;
  }

  /** Variant 13 of Stafford's bit mixers. */
  static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
