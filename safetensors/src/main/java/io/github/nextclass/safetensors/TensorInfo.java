package io.github.nextclass.safetensors;

import java.nio.file.Path;

/**
 * One checked entry of a header.
 *
 * @param begin first byte, counted from the begin of the data section
 * @param end one behind the last byte
 */
record TensorInfo(String name, Extent extent, long begin, long end) {

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
    Extent extent;
    try {
      extent = Extent.of(dtype, shape);
    } catch (IllegalArgumentException e) {
      throw SafetensorsException.of(file, name, String.valueOf(e.getMessage()));
    }
    if (end - begin != extent.byteSize()) {
      throw SafetensorsException.of(
          file,
          name,
          "size does not fit shape and dtype: found data_offsets [%d, %d] of %d bytes, expected %d for %s"
              .formatted(begin, end, end - begin, extent.byteSize(), extent));
    }
    return new TensorInfo(name, extent, begin, end);
  }
}
