package io.github.nextclass.safetensors;

import java.util.Arrays;

/**
 * Type and shape, and the size that follows from them; the one place that multiplies dimensions.
 *
 * @param shape never written to
 */
// The array makes equals and hashCode useless; nobody compares extents.
@SuppressWarnings("ArrayRecordComponent")
record Extent(DType dtype, long[] shape, long elementCount, long byteSize) {
  /** NumPy and PyTorch stop at 64 dimensions too; a limit keeps a shape from filling the heap. */
  static final int MAX_RANK = 64;

  /**
   * Computes the size.
   *
   * @throws IllegalArgumentException if there is none that fits; the message says why
   */
  static Extent of(DType dtype, long[] shape) {
    if (shape.length > MAX_RANK) {
      throw new IllegalArgumentException(
          "found %d dimensions, expected at most %d".formatted(shape.length, MAX_RANK));
    }
    for (long dimension : shape) {
      if (dimension < 0) {
        throw new IllegalArgumentException(
            "found " + describe(dtype, shape) + ", expected no negative dimension");
      }
    }
    long elementCount = 1;
    long byteSize;
    try {
      for (long dimension : shape) {
        elementCount = Math.multiplyExact(elementCount, dimension);
      }
      byteSize = dtype.byteSize(elementCount);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "size overflows: found "
              + describe(dtype, shape)
              + ", expected at most 2^63 - 1 elements and bytes",
          e);
    }
    if (byteSize < 0) {
      throw new IllegalArgumentException(
          "elements do not fill whole bytes: found %s, that is %d elements of %d bits"
              .formatted(describe(dtype, shape), elementCount, dtype.bits()));
    }
    return new Extent(dtype, shape, elementCount, byteSize);
  }

  /** Type and shape, for messages. */
  @Override
  public String toString() {
    return describe(dtype, shape);
  }

  private static String describe(DType dtype, long[] shape) {
    return dtype + " " + Arrays.toString(shape);
  }
}
