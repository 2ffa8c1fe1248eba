package io.github.nextclass.engine.cpu;

/**
 * The one order in which sums are made. A sum over a row is 16 partial sums that are added in a
 * tree:
 *
 * <pre>
 *   k                 0  1   2  3   4  5  ...  30 31 | 32 33  34 35 ...
 *   lane              0  0   1  1   2  2  ...  15 15 |  0  0   1  1 ...      lane l adds its k in ascending order
 *
 *   tree              s[l] += s[l + 8];  s[l] += s[l + 4];  s[l] += s[l + 2];  s[0] += s[1]
 * </pre>
 *
 * <p>Every kernel keeps it: scalar or vector, of any width, for one token or a thousand. So a logit
 * has the same bits whatever the hardware, the number of threads, the chunking of the prefill and
 * the batch. Sixteen is the widest common register in floats; neighbours share a lane because one
 * 32-bit load brings two bf16 weights.
 */
final class Lane {
  static final int COUNT = 16;

  /** The number of weights after which the pattern of lanes repeats. */
  static final int PERIOD = 2 * COUNT;

  private Lane() {}

  /** The lane of a product in a row. */
  static int of(int k) {
    return k % PERIOD / 2;
  }

  /** Adds 16 partial sums that start at an offset. */
  static float sum(float[] s, int at) {
    float s0 = (s[at] + s[at + 8]) + (s[at + 4] + s[at + 12]);
    float s1 = (s[at + 1] + s[at + 9]) + (s[at + 5] + s[at + 13]);
    float s2 = (s[at + 2] + s[at + 10]) + (s[at + 6] + s[at + 14]);
    float s3 = (s[at + 3] + s[at + 11]) + (s[at + 7] + s[at + 15]);
    return (s0 + s2) + (s1 + s3);
  }
}
