package io.github.nextclass.cuda;

import java.lang.foreign.MemorySegment;

/**
 * The calls of the CUDA driver that the backend makes. One stream; what is put on it runs in order.
 * Internal to this artifact, and public only because the implementation has a class loader of its
 * own.
 *
 * <p>Every call but {@link #driverVersion}, {@link #deviceCount} and {@link #device} is made
 * between {@link #enter} and {@link #leave} on the same thread. An error of the driver is a {@link
 * CudaException}.
 */
public interface CudaApi extends AutoCloseable {
  /** Memory of the device. */
  interface DeviceMemory {
    /**
     * Where it begins.
     *
     * @return the address on the device
     */
    long address();

    /**
     * Its size.
     *
     * @return the number of bytes
     */
    long byteSize();
  }

  /** Main memory that the device can reach: copies from and to it need no detour. */
  interface PinnedMemory {
    /**
     * What is in it.
     *
     * @return the memory
     */
    MemorySegment segment();
  }

  /** A kernel that was loaded. */
  interface Function {}

  /** A sequence of launches that the driver keeps. */
  interface Graph {}

  /**
   * A device.
   *
   * @param name such as {@code NVIDIA H200}
   * @param computeCapability such as 90
   * @param multiprocessors their number
   * @param sharedBytes the most shared memory that a block can have
   * @param totalBytes the size of its memory
   */
  record Device(
      String name, int computeCapability, int multiprocessors, int sharedBytes, long totalBytes) {}

  /**
   * The newest CUDA that the driver knows.
   *
   * @return such as 12060 for 12.6
   */
  int driverVersion();

  /**
   * The number of devices.
   *
   * @return 0 or more
   */
  int deviceCount();

  /**
   * Describes a device.
   *
   * @param ordinal from 0
   * @return the device
   */
  Device device(int ordinal);

  /**
   * Opens a device and makes the stream.
   *
   * @param ordinal from 0
   */
  void open(int ordinal);

  /** Makes the device the current thread's. */
  void enter();

  /** Gives the thread back what it had. */
  void leave();

  /**
   * Memory that can still be taken.
   *
   * @return the number of bytes
   */
  long freeBytes();

  /**
   * Takes memory.
   *
   * @param bytes the size, at least 1
   * @return the memory, content undefined
   */
  DeviceMemory allocate(long bytes);

  /**
   * Gives memory back, when all that was put on the stream has run.
   *
   * @param memory the memory
   */
  void free(DeviceMemory memory);

  /**
   * Takes main memory.
   *
   * @param bytes the size, at least 1
   * @return the memory
   */
  PinnedMemory allocatePinned(long bytes);

  /**
   * Gives main memory back.
   *
   * @param memory the memory
   */
  void freePinned(PinnedMemory memory);

  /**
   * Puts a copy on the stream.
   *
   * @param from the source, from its beginning
   * @param to the target
   * @param toOffset the first byte of the target
   * @param bytes how many
   */
  void copyToDevice(PinnedMemory from, DeviceMemory to, long toOffset, long bytes);

  /**
   * Puts a copy on the stream.
   *
   * @param from the source
   * @param fromOffset the first byte of the source
   * @param to the target, from its beginning
   * @param bytes how many
   */
  void copyToHost(DeviceMemory from, long fromOffset, PinnedMemory to, long bytes);

  /**
   * Puts a copy of all of one memory to another of the same size on the stream.
   *
   * @param from the source
   * @param to the target
   */
  void copyOnDevice(DeviceMemory from, DeviceMemory to);

  /**
   * Puts zeros on the stream.
   *
   * @param memory what to fill
   */
  void clear(DeviceMemory memory);

  /**
   * Loads kernels; those loaded before stay.
   *
   * @param ptx the text
   */
  void load(String ptx);

  /**
   * Looks up a kernel among those that were loaded.
   *
   * @param name its name
   * @param sharedBytes the most shared memory that a launch will ask for
   * @return the kernel
   */
  Function function(String name, int sharedBytes);

  /**
   * Describes a matrix in BF16, row after row, to the copying unit of Hopper. Boxes have 64
   * columns, and lie in shared memory in the swizzle of 128 bytes.
   *
   * @param address of the first number, a multiple of 16
   * @param rows the rows; a box that reaches over them gets zeros
   * @param columns the columns, a multiple of 8; likewise
   * @param boxRows the rows of a box, up to 256
   * @return an argument for kernels
   */
  TensorMap tensorMap(long address, int rows, int columns, int boxRows);

  /**
   * Puts a kernel on the stream.
   *
   * @param function the kernel of the launch
   * @param launch grid and arguments
   * @param overlaps whether the kernel may start while the one before it ends; it waits by itself
   */
  void launch(Function function, Launch launch, boolean overlaps);

  /** From here on launches are kept, not run. */
  void beginCapture();

  /**
   * Ends what {@link #beginCapture} began.
   *
   * @return the launches
   */
  Graph endCapture();

  /**
   * Puts the launches of a graph on the stream.
   *
   * @param graph the graph
   */
  void launch(Graph graph);

  /**
   * Forgets a graph.
   *
   * @param graph the graph
   */
  void free(Graph graph);

  /** Waits for all that was put on the stream. Errors of kernels come out here. */
  void synchronize();

  /** Closes the device. Memory is not freed here. */
  @Override
  void close();
}
