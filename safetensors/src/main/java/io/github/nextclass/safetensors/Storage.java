package io.github.nextclass.safetensors;

/** How an open file is held in memory. */
public enum Storage {
  /**
   * The file is mapped: opening is instant, nothing is copied, and pages are shared between
   * processes. The file must not be changed in place while it is open: reading behind the end of a
   * truncated file is an {@link InternalError} in interpreted code and ends the JVM in vector code.
   * Replacing a file by renaming another over it, or deleting it, is harmless.
   */
  MMAP,

  /**
   * The tensor data is read once into off-heap memory, aligned to 64 bytes; what happens to the
   * file afterwards does not matter. Costs the time of reading and the size of the data in memory,
   * which neither {@code -Xmx} nor {@code -XX:MaxDirectMemorySize} limits.
   */
  COPY
}
