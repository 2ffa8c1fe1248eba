package io.github.nextclass.engine.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * The tree of {@link Lane} for sixteen sums at once. Where a vector holds fewer than sixteen
 * floats, the vectors of a sum are added first. Then two vectors meet and leave as one, half of it
 * for each of them, until place i of a vector holds the total of sum i:
 *
 * <pre>
 *   a   a0 .. a7   a8 .. a15          a0 + a8 .. a7 + a15   b0 + b8 .. b7 + b15
 *   b   b0 .. b7   b8 .. b15
 * </pre>
 */
final class Sums {
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
    if (WIDTH == 8) {
      joinTwo(sums);
    } else if (WIDTH == 4) {
      joinFour(sums);
    }
    for (int i = 0; i < Lane.COUNT; i += WIDTH) {
      int at = i * WIDTH; // a vector each of sums i to i + WIDTH
      if (WIDTH == 16) {
        level(sums, at, 8, SWAP_8, UPPER_8);
      }
      if (WIDTH >= 8) {
        level(sums, at, 4, SWAP_4, UPPER_4);
      }
      level(sums, at, 2, SWAP_2, UPPER_2);
      level(sums, at, 1, SWAP_1, UPPER_1);
      FloatVector.fromArray(Lanes.F32, sums, at).intoArray(sums, totals + i);
    }
  }

  /** Lanes l and l + 8. */
  private static void joinTwo(float[] sums) {
    for (int i = 0; i < Lane.COUNT; i++) {
      FloatVector low = FloatVector.fromArray(Lanes.F32, sums, 2 * i * WIDTH);
      FloatVector high = FloatVector.fromArray(Lanes.F32, sums, (2 * i + 1) * WIDTH);
      low.add(high).intoArray(sums, i * WIDTH);
    }
  }

  /** Lanes l and l + 8, then those and theirs at l + 4. */
  private static void joinFour(float[] sums) {
    for (int i = 0; i < Lane.COUNT; i++) {
      FloatVector a = FloatVector.fromArray(Lanes.F32, sums, 4 * i * WIDTH);
      FloatVector b = FloatVector.fromArray(Lanes.F32, sums, (4 * i + 1) * WIDTH);
      FloatVector c = FloatVector.fromArray(Lanes.F32, sums, (4 * i + 2) * WIDTH);
      FloatVector d = FloatVector.fromArray(Lanes.F32, sums, (4 * i + 3) * WIDTH);
      a.add(c).add(b.add(d)).intoArray(sums, i * WIDTH);
    }
  }

  /** Vectors i and i + distance become vector i. */
  private static void level(
      float[] sums, int at, int distance, VectorShuffle<Float> swap, VectorMask<Float> upper) {
    for (int i = at; i < at + distance * WIDTH; i += WIDTH) {
      FloatVector a = FloatVector.fromArray(Lanes.F32, sums, i);
      FloatVector b = FloatVector.fromArray(Lanes.F32, sums, i + distance * WIDTH);
      a.blend(b.rearrange(swap), upper).add(a.rearrange(swap).blend(b, upper)).intoArray(sums, i);
    }
  }
}
