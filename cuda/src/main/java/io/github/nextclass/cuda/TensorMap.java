package io.github.nextclass.cuda;

/**
 * A matrix in BF16 as the unit of Hopper that copies boxes of matrices knows it: what the driver
 * has encoded, 128 bytes that only the device reads. A parameter of kernels.
 */
public final class TensorMap {
  /** As in {@code cuda.h}. */
  public static final int BYTES = 128;

  private final byte[] bytes;

  /**
   * Keeps a copy.
   *
   * @param bytes what the driver has written, 128 bytes
   */
  public TensorMap(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException(
          "a tensor map of " + bytes.length + " bytes, expected " + BYTES);
    }
    this.bytes = bytes.clone();
  }

  /**
   * What goes to the kernel.
   *
   * @return a copy, 128 bytes
   */
  public byte[] bytes() {
    return bytes.clone();
  }
}
