package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.backend.Buffer;

/** Activations on the heap. */
record CpuBuffer(int rows, int columns, float[] values) implements Buffer {
  CpuBuffer(int rows, int columns) {
    this(rows, columns, new float[Math.multiplyExact(rows, columns)]);
  }
}
