package io.github.nextclass.cuda;

import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Copies weights to the device, once, from the mapped file through memory that the device reaches.
 */
final class WeightUpload {
  private static final long STAGING_BYTES = 32 << 20;

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

  /** Gives the memory back. */
  void close() {
    api.freePinned(staging);
  }
}
