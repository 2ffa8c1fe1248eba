package io.github.nextclass.cuda;

import io.github.nextclass.engine.backend.Buffer;

/** Activations on the device. Compared by identity. */
final class CudaBuffer implements Buffer {
  private final int rows;
  private final int columns;
  private final CudaApi.DeviceMemory memory;

  CudaBuffer(int rows, int columns, CudaApi.DeviceMemory memory) {
    this.rows = rows;
    this.columns = columns;
    this.memory = memory;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int columns() {
    return columns;
  }

  CudaApi.DeviceMemory memory() {
    return memory;
  }

  long address() {
    return memory.address();
  }
}
