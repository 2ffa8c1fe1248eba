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
   * A square of as many rows as a vector has floats: {@code out[c]} is column {@code c}. First four
   * rows at a time, then what belongs together of all fours:
   *
   * <pre>
   *   fours   out[4q + j]   places 4g to 4g + 3: column 4g + j of rows 4q to 4q + 3
   *   wholes  out[4g + j]   places 4q to 4q + 3: the same
   * </pre>
   */
  static void square(float[] m, int from, int stride, float[] out) {
    for (int row = 0; row < WIDTH; row += 4) {
      fours(m, from + row * stride, stride, out, row * WIDTH);
    }
    for (int j = 0; j < 4; j++) {
      if (WIDTH == 16) {
        sixteen(out, j * WIDTH);
      } else if (WIDTH == 8) {
        eight(out, j * WIDTH);
      }
    }
  }

  /** Exchanges at distances 2 and 1 between four rows. */
  private static void fours(float[] m, int from, int stride, float[] out, int to) {
    FloatVector r0 = FloatVector.fromArray(Lanes.F32, m, from);
    FloatVector r1 = FloatVector.fromArray(Lanes.F32, m, from + stride);
    FloatVector r2 = FloatVector.fromArray(Lanes.F32, m, from + 2 * stride);
    FloatVector r3 = FloatVector.fromArray(Lanes.F32, m, from + 3 * stride);
    FloatVector s0 = r0.blend(r2.rearrange(SWAP_2), UPPER_2);
    FloatVector s1 = r1.blend(r3.rearrange(SWAP_2), UPPER_2);
    FloatVector s2 = r0.rearrange(SWAP_2).blend(r2, UPPER_2);
    FloatVector s3 = r1.rearrange(SWAP_2).blend(r3, UPPER_2);
    s0.blend(s1.rearrange(SWAP_1), UPPER_1).intoArray(out, to);
    s0.rearrange(SWAP_1).blend(s1, UPPER_1).intoArray(out, to + WIDTH);
    s2.blend(s3.rearrange(SWAP_1), UPPER_1).intoArray(out, to + 2 * WIDTH);
    s2.rearrange(SWAP_1).blend(s3, UPPER_1).intoArray(out, to + 3 * WIDTH);
  }

  /** Exchanges at distances 8 and 4 between four vectors, four vectors apart. */
  private static void sixteen(float[] m, int at) {
    FloatVector a = FloatVector.fromArray(Lanes.F32, m, at);
    FloatVector b = FloatVector.fromArray(Lanes.F32, m, at + 4 * WIDTH);
    FloatVector c = FloatVector.fromArray(Lanes.F32, m, at + 8 * WIDTH);
    FloatVector d = FloatVector.fromArray(Lanes.F32, m, at + 12 * WIDTH);
    FloatVector ac = a.blend(c.rearrange(SWAP_8), UPPER_8);
    FloatVector ca = a.rearrange(SWAP_8).blend(c, UPPER_8);
    FloatVector bd = b.blend(d.rearrange(SWAP_8), UPPER_8);
    FloatVector db = b.rearrange(SWAP_8).blend(d, UPPER_8);
    ac.blend(bd.rearrange(SWAP_4), UPPER_4).intoArray(m, at);
    ac.rearrange(SWAP_4).blend(bd, UPPER_4).intoArray(m, at + 4 * WIDTH);
    ca.blend(db.rearrange(SWAP_4), UPPER_4).intoArray(m, at + 8 * WIDTH);
    ca.rearrange(SWAP_4).blend(db, UPPER_4).intoArray(m, at + 12 * WIDTH);
  }

  /** An exchange at distance 4 between two vectors, four vectors apart. */
  private static void eight(float[] m, int at) {
    FloatVector a = FloatVector.fromArray(Lanes.F32, m, at);
    FloatVector b = FloatVector.fromArray(Lanes.F32, m, at + 4 * WIDTH);
    a.blend(b.rearrange(SWAP_4), UPPER_4).intoArray(m, at);
    a.rearrange(SWAP_4).blend(b, UPPER_4).intoArray(m, at + 4 * WIDTH);
  }
}
