package io.github.nextclass.engine.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Turns squares of a matrix in registers: what lay side by side in a row comes to lie below each
 * other. Copying one float at a time costs ten times as much as multiplying it does later.
 *
 * <p>Every step is the same exchange between two rows, at a distance of 1, 2, 4 or 8 places:
 *
 * <pre>
 *   a   a0 a1 a2 a3        a0 b0 a2 b2        distance 1
 *   b   b0 b1 b2 b3        a1 b1 a3 b3
 * </pre>
 *
 * Only bits move, so the floats may be anything, also pairs of bf16.
 */
final class Turn {
  private static final int WIDTH = Lanes.WIDTH;

  private static final VectorSpecies<Float> S4 = FloatVector.SPECIES_128;
  private static final VectorShuffle<Float> SWAP_1_OF_4 = VectorShuffle.fromOp(S4, i -> i ^ 1);
  private static final VectorShuffle<Float> SWAP_2_OF_4 = VectorShuffle.fromOp(S4, i -> i ^ 2);
  private static final VectorMask<Float> ODD_OF_4 = VectorMask.fromLong(S4, 0b1010);
  private static final VectorMask<Float> UPPER_OF_4 = VectorMask.fromLong(S4, 0b1100);

  private static final VectorShuffle<Float> SWAP_1 = swap(1);
  private static final VectorShuffle<Float> SWAP_2 = swap(2);
  private static final VectorShuffle<Float> SWAP_4 = swap(4);
  private static final VectorShuffle<Float> SWAP_8 = swap(8);
  private static final VectorMask<Float> UPPER_1 = VectorMask.fromLong(Lanes.F32, 0xaaaa);
  private static final VectorMask<Float> UPPER_2 = VectorMask.fromLong(Lanes.F32, 0xcccc);
  private static final VectorMask<Float> UPPER_4 = VectorMask.fromLong(Lanes.F32, 0xf0f0);
  private static final VectorMask<Float> UPPER_8 = VectorMask.fromLong(Lanes.F32, 0xff00);

  private Turn() {}

  private static VectorShuffle<Float> swap(int distance) {
    return VectorShuffle.fromOp(Lanes.F32, i -> (i ^ distance) % WIDTH);
  }

  /** Four rows of four: column i goes to {@code to}i. */
  static void square4(
      float[] m, int from, int stride, float[] out, int to0, int to1, int to2, int to3) {
    FloatVector r0 = FloatVector.fromArray(S4, m, from);
    FloatVector r1 = FloatVector.fromArray(S4, m, from + stride);
    FloatVector r2 = FloatVector.fromArray(S4, m, from + 2 * stride);
    FloatVector r3 = FloatVector.fromArray(S4, m, from + 3 * stride);
    FloatVector s0 = r0.blend(r2.rearrange(SWAP_2_OF_4), UPPER_OF_4);
    FloatVector s1 = r1.blend(r3.rearrange(SWAP_2_OF_4), UPPER_OF_4);
    FloatVector s2 = r0.rearrange(SWAP_2_OF_4).blend(r2, UPPER_OF_4);
    FloatVector s3 = r1.rearrange(SWAP_2_OF_4).blend(r3, UPPER_OF_4);
    s0.blend(s1.rearrange(SWAP_1_OF_4), ODD_OF_4).intoArray(out, to0);
    s0.rearrange(SWAP_1_OF_4).blend(s1, ODD_OF_4).intoArray(out, to1);
    s2.blend(s3.rearrange(SWAP_1_OF_4), ODD_OF_4).intoArray(out, to2);
    s2.rearrange(SWAP_1_OF_4).blend(s3, ODD_OF_4).intoArray(out, to3);
  }

  /**
   * Twice as many rows as a vector has floats, from a matrix: {@code out[c][half]} is a vector of
   * column {@code c} of the rows of the lower or upper half, c below {@link Lanes#WIDTH}.
   */
  static void columns(float[] m, int from, int stride, float[] work, float[] out) {
    int quads = WIDTH / 2; // of rows
    for (int quad = 0; quad < quads; quad++) {
      fours(m, from + 4 * quad * stride, stride, work, quad * WIDTH, quads * WIDTH);
    }
    // work[j][quad]: places 4g to 4g + 3 are column 4g + j of the four rows of the quad
    for (int j = 0; j < 4; j++) {
      for (int half = 0; half < 2; half++) {
        int at = (j * quads + half * quads / 2) * WIDTH;
        int to = (2 * j + half) * WIDTH;
        if (WIDTH == 16) {
          eights(work, at);
          pair(work, at, out, to, to + 8 * WIDTH);
          pair(work, at + 2 * WIDTH, out, to + 16 * WIDTH, to + 24 * WIDTH);
        } else if (WIDTH == 8) {
          pair(work, at, out, to, to + 8 * WIDTH);
        } else {
          System.arraycopy(work, at, out, to, WIDTH);
        }
      }
    }
  }

  /** Exchanges at distances 2 and 1 between four rows. */
  private static void fours(float[] m, int from, int stride, float[] out, int to, int outStride) {
    FloatVector r0 = FloatVector.fromArray(Lanes.F32, m, from);
    FloatVector r1 = FloatVector.fromArray(Lanes.F32, m, from + stride);
    FloatVector r2 = FloatVector.fromArray(Lanes.F32, m, from + 2 * stride);
    FloatVector r3 = FloatVector.fromArray(Lanes.F32, m, from + 3 * stride);
    FloatVector s0 = r0.blend(r2.rearrange(SWAP_2), UPPER_2);
    FloatVector s1 = r1.blend(r3.rearrange(SWAP_2), UPPER_2);
    FloatVector s2 = r0.rearrange(SWAP_2).blend(r2, UPPER_2);
    FloatVector s3 = r1.rearrange(SWAP_2).blend(r3, UPPER_2);
    s0.blend(s1.rearrange(SWAP_1), UPPER_1).intoArray(out, to);
    s0.rearrange(SWAP_1).blend(s1, UPPER_1).intoArray(out, to + outStride);
    s2.blend(s3.rearrange(SWAP_1), UPPER_1).intoArray(out, to + 2 * outStride);
    s2.rearrange(SWAP_1).blend(s3, UPPER_1).intoArray(out, to + 3 * outStride);
  }

  /** Exchanges at distance 8 between vectors 0 and 2, 1 and 3. */
  private static void eights(float[] m, int at) {
    FloatVector a = FloatVector.fromArray(Lanes.F32, m, at);
    FloatVector b = FloatVector.fromArray(Lanes.F32, m, at + WIDTH);
    FloatVector c = FloatVector.fromArray(Lanes.F32, m, at + 2 * WIDTH);
    FloatVector d = FloatVector.fromArray(Lanes.F32, m, at + 3 * WIDTH);
    a.blend(c.rearrange(SWAP_8), UPPER_8).intoArray(m, at);
    b.blend(d.rearrange(SWAP_8), UPPER_8).intoArray(m, at + WIDTH);
    a.rearrange(SWAP_8).blend(c, UPPER_8).intoArray(m, at + 2 * WIDTH);
    b.rearrange(SWAP_8).blend(d, UPPER_8).intoArray(m, at + 3 * WIDTH);
  }

  /** An exchange at distance 4 between two neighbours. */
  private static void pair(float[] m, int at, float[] out, int to0, int to1) {
    FloatVector a = FloatVector.fromArray(Lanes.F32, m, at);
    FloatVector b = FloatVector.fromArray(Lanes.F32, m, at + WIDTH);
    a.blend(b.rearrange(SWAP_4), UPPER_4).intoArray(out, to0);
    a.rearrange(SWAP_4).blend(b, UPPER_4).intoArray(out, to1);
  }
}
