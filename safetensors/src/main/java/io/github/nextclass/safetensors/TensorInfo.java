package io.github.nextclass.safetensors;

import java.nio.file.Path;
import java.util.Arrays;

/**
 * One checked entry of a header.
 *
 * @param begin first byte, counted from the begin of the data section
 * @param end one behind the last byte
 */
// The array makes equals and hashCode useless; nobody compares entries.
@SuppressWarnings("ArrayRecordComponent")
record TensorInfo(String name, DType dtype, long[] shape, long elementCount, long begin, long end) {

  /** Checks that type, shape and offsets agree with each other. */
  static TensorInfo checked(Path file, String name, DType dtype, long[] shape, long begin, long end)
      throws SafetensorsException {
    if (end < begin) {
      throw SafetensorsException.of(
          file,
          name,
          "data_offsets end before they begin: found [%d, %d], expected begin <= end"
              .formatted(begin, end));
    }
    String described = dtype + " " + Arrays.toString(shape);
    long elementCount = 1;
    long byteSize;
    try {
      for (long dimension : shape) {
        elementCount = Math.multiplyExact(elementCount, dimension);
      }
      byteSize = dtype.byteSize(elementCount);
    } catch (ArithmeticException e) {
      throw SafetensorsException.of(
          file,
          name,
          "size overflows: found " + described + ", expected at most 2^63 - 1 elements and bytes");
    }
    if (byteSize < 0) {
      throw SafetensorsException.of(
          file,
          name,
          "elements do not fill whole bytes: found %s, that is %d elements of %d bits"
              .formatted(described, elementCount, dtype.bits()));
    }
    if (end - begin != byteSize) {
      throw SafetensorsException.of(
          file,
          name,
          "size does not fit shape and dtype: found data_offsets [%d, %d] of %d bytes, expected %d bytes for %s"
              .formatted(begin, end, end - begin, byteSize, described));
    }
    return new TensorInfo(name, dtype, shape, elementCount, begin, end);
  }
}
