package io.github.nextclass.cuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.github.nextclass.engine.backend.LevelMatrix;
import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Copies weights to the device, once, from the mapped file through memory that the device reaches.
 */
final class WeightUpload {
  private static final long STAGING_BYTES = 32 << 20;
  private static final int ROW_ALIGNMENT_BYTES = 16;
  private static final int LEVEL_BIAS = 128;

  private final CudaApi api;
  private final CudaApi.PinnedMemory staging;

  WeightUpload(CudaApi api) {
    this.api = api;
    this.staging = api.allocatePinned(STAGING_BYTES);
  }

  /** The bytes that a tensor takes on the device: BF16 matrices as they are, all else as F32. */
  static long deviceBytes(Tensor tensor) {
    return isKept(tensor)
        ? tensor.segment().byteSize()
        : Math.multiplyExact(tensor.elementCount(), Float.BYTES);
  }

  static boolean isKept(Tensor tensor) {
    return tensor.dtype() == DType.BF16 && tensor.shape().length == 2;
  }

  /** Returns when the copy has ended. */
  void upload(Tensor tensor, CudaApi.DeviceMemory to) {
    boolean direct = isKept(tensor) || tensor.dtype() == DType.F32;
    MemorySegment from = direct ? tensor.segment() : MemorySegment.ofArray(tensor.toFloatArray());
    for (long at = 0; at < from.byteSize(); at += STAGING_BYTES) {
      long bytes = Math.min(STAGING_BYTES, from.byteSize() - at);
      MemorySegment.copy(from, at, staging.segment(), 0, bytes);
      api.copyToDevice(staging, to, at, bytes);
      api.synchronize(); // before the next part overwrites this one
    }
  }

  /** The bytes of a row of 8-bit weights, laid out as {@code device.cuh} says. */
  private static int rowBytes(LevelMatrix matrix) {
    int bytes = matrix.columns() + matrix.columns() / LevelMatrix.BLOCK * Short.BYTES;
    return Math.ceilDiv(bytes, ROW_ALIGNMENT_BYTES) * ROW_ALIGNMENT_BYTES;
  }

  static long deviceBytes(LevelMatrix matrix) {
    return (long) matrix.rows() * rowBytes(matrix);
  }

  /** Returns when the copy has ended. */
  void upload(LevelMatrix matrix, CudaApi.DeviceMemory to) {
    int rowBytes = rowBytes(matrix);
    int rowsAtATime = Math.toIntExact(STAGING_BYTES / rowBytes);
    MemorySegment rows = staging.segment();
    for (int first = 0; first < matrix.rows(); first += rowsAtATime) {
      int count = Math.min(rowsAtATime, matrix.rows() - first);
      for (int i = 0; i < count; i++) {
        write(matrix, first + i, rows.asSlice((long) i * rowBytes, rowBytes));
      }
      api.copyToDevice(staging, to, (long) first * rowBytes, (long) count * rowBytes);
      api.synchronize(); // before the next rows overwrite these
    }
  }

  private static void write(LevelMatrix matrix, int row, MemorySegment to) {
    int columns = matrix.columns();
    for (int k = 0; k < columns; k++) {
      to.set(JAVA_BYTE, k, (byte) (matrix.level(row, k) + LEVEL_BIAS));
    }
    for (int k = 0; k < columns; k += LevelMatrix.BLOCK) {
      int bits = Float.floatToRawIntBits(matrix.scale(row, k));
      to.set(
          JAVA_SHORT,
          columns + (long) (k / LevelMatrix.BLOCK) * Short.BYTES,
          (short) (bits >>> Short.SIZE));
    }
  }

  /** Gives the memory back. */
  void close() {
    api.freePinned(staging);
  }
}
