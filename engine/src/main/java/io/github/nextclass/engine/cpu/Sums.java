package io.github.nextclass.engine.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * The tree of {@link Lane} for sixteen sums at once. Two vectors meet and leave as one, half of it
 * for each of them; after four such levels there is one vector, and place i holds the total of sum
 * i:
 *
 * <pre>
 *   a   a0 .. a7   a8 .. a15          a0 + a8 .. a7 + a15   b0 + b8 .. b7 + b15
 *   b   b0 .. b7   b8 .. b15
 * </pre>
 *
 * <p>Where a vector holds fewer than sixteen floats, the sums are added one by one.
 */
final class Sums {
  private static final boolean WHOLE = Lanes.WIDTH == Lane.COUNT;
  private static final int WIDTH = Lanes.WIDTH;

  private static final VectorShuffle<Float> SWAP_1 = swap(1);
  private static final VectorShuffle<Float> SWAP_2 = swap(2);
  private static final VectorShuffle<Float> SWAP_4 = swap(4);
  private static final VectorShuffle<Float> SWAP_8 = swap(8);
  private static final VectorMask<Float> UPPER_1 = VectorMask.fromLong(Lanes.F32, 0xaaaa);
  private static final VectorMask<Float> UPPER_2 = VectorMask.fromLong(Lanes.F32, 0xcccc);
  private static final VectorMask<Float> UPPER_4 = VectorMask.fromLong(Lanes.F32, 0xf0f0);
  private static final VectorMask<Float> UPPER_8 = VectorMask.fromLong(Lanes.F32, 0xff00);

  private Sums() {}

  private static VectorShuffle<Float> swap(int distance) {
    return VectorShuffle.fromOp(Lanes.F32, i -> (i ^ distance) % WIDTH);
  }

  /**
   * Totals of the 16 sums at the beginning of an array, {@code [sum][lane]}; the array is used up.
   */
  static void sixteen(float[] sums, int totals) {
    if (!WHOLE) {
      for (int i = 0; i < Lane.COUNT; i++) {
        sums[totals + i] = Lane.sum(sums, i * Lane.COUNT);
      }
      return;
    }
    for (int i = 0; i < 4; i++) { // sums i, i + 4, i + 8 and i + 12 become one vector
      FloatVector a = FloatVector.fromArray(Lanes.F32, sums, i * WIDTH);
      FloatVector b = FloatVector.fromArray(Lanes.F32, sums, (i + 4) * WIDTH);
      FloatVector c = FloatVector.fromArray(Lanes.F32, sums, (i + 8) * WIDTH);
      FloatVector d = FloatVector.fromArray(Lanes.F32, sums, (i + 12) * WIDTH);
      FloatVector ac =
          a.blend(c.rearrange(SWAP_8), UPPER_8).add(a.rearrange(SWAP_8).blend(c, UPPER_8));
      FloatVector bd =
          b.blend(d.rearrange(SWAP_8), UPPER_8).add(b.rearrange(SWAP_8).blend(d, UPPER_8));
      ac.blend(bd.rearrange(SWAP_4), UPPER_4)
          .add(ac.rearrange(SWAP_4).blend(bd, UPPER_4))
          .intoArray(sums, i * WIDTH);
    }
    FloatVector a = FloatVector.fromArray(Lanes.F32, sums, 0);
    FloatVector b = FloatVector.fromArray(Lanes.F32, sums, WIDTH);
    FloatVector c = FloatVector.fromArray(Lanes.F32, sums, 2 * WIDTH);
    FloatVector d = FloatVector.fromArray(Lanes.F32, sums, 3 * WIDTH);
    FloatVector ac =
        a.blend(c.rearrange(SWAP_2), UPPER_2).add(a.rearrange(SWAP_2).blend(c, UPPER_2));
    FloatVector bd =
        b.blend(d.rearrange(SWAP_2), UPPER_2).add(b.rearrange(SWAP_2).blend(d, UPPER_2));
    ac.blend(bd.rearrange(SWAP_1), UPPER_1)
        .add(ac.rearrange(SWAP_1).blend(bd, UPPER_1))
        .intoArray(sums, totals);
  }
}
