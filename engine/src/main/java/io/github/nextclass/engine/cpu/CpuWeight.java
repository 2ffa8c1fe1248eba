package io.github.nextclass.engine.cpu;

import io.github.nextclass.safetensors.DType;
import java.lang.foreign.MemorySegment;

/** A weight where it lies in the mapped file: row-major, little-endian, F32, F16 or BF16. */
record CpuWeight(MemorySegment segment, DType dtype, int rows, int columns) implements CpuMatrix {

  long rowBytes() {
    return (long) columns * elementBytes();
  }

  /** Long arithmetic: a matrix may be larger than 2 GiB. */
  long rowOffsetBytes(int row) {
    return row * rowBytes();
  }

  int elementBytes() {
    return dtype == DType.F32 ? Float.BYTES : Short.BYTES;
  }
}
