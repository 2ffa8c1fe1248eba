package io.github.nextclass.cuda.jcuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.github.nextclass.cuda.Launch;
import io.github.nextclass.cuda.TensorMap;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * A launch of a kernel that may start while the one before it ends ("programmatic dependent
 * launch"), or whose blocks are clusters. JCuda 12.6 lacks the call, {@code cuLaunchKernelEx}, so
 * it is made through java.lang.foreign on the same driver.
 *
 * <pre>
 *   CUlaunchConfig, 56 bytes                    CUlaunchAttribute, 72 bytes
 *    0  grid x, y, z        int                  0  id      int
 *   12  block x, y, z       int                  8  value   64 bytes
 *   24  shared bytes        int
 *   32  stream              pointer
 *   40  attributes          pointer
 *   48  their number        int
 * </pre>
 */
final class ExtendedLaunch implements AutoCloseable {
  private static final int CLUSTER_DIMENSION = 4;
  private static final int PROGRAMMATIC_STREAM_SERIALIZATION = 6;
  private static final long CONFIG_BYTES = 56;
  private static final long ATTRIBUTE_BYTES = 72;

  private final Arena arena = Arena.ofShared();
  private final MethodHandle launch;

  @SuppressWarnings("restricted")
  ExtendedLaunch() {
    launch =
        Linker.nativeLinker()
            .downcallHandle(
                SymbolLookup.libraryLookup(DriverLoader.DRIVER_LIBRARY, arena)
                    .findOrThrow("cuLaunchKernelEx"),
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS));
  }

  /** Returns the driver's code. The driver copies all that it is given before it returns. */
  int launch(long function, long stream, Launch what, boolean overlaps) {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment attributes = call.allocate(2 * ATTRIBUTE_BYTES, 8);
      int attributeCount = 0;
      if (overlaps) {
        attributes.set(JAVA_INT, 0, PROGRAMMATIC_STREAM_SERIALIZATION);
        attributes.set(JAVA_INT, 8, 1);
        attributeCount++;
      }
      if (what.cluster() > 1) {
        long at = attributeCount * ATTRIBUTE_BYTES;
        int[] cluster = {what.cluster(), 1, 1};
        attributes.set(JAVA_INT, at, CLUSTER_DIMENSION);
        MemorySegment.copy(cluster, 0, attributes, JAVA_INT, at + 8, cluster.length);
        attributeCount++;
      }
      MemorySegment config = call.allocate(CONFIG_BYTES, 8);
      int[] sizes = {
        what.gridX(), what.gridY(), what.gridZ(), what.threads(), 1, 1, what.sharedBytes()
      };
      MemorySegment.copy(sizes, 0, config, JAVA_INT, 0, sizes.length);
      config.set(JAVA_LONG, 32, stream);
      config.set(ADDRESS, 40, attributes);
      config.set(JAVA_INT, 48, attributeCount);
      int count = what.arguments().size();
      MemorySegment values = call.allocate(JAVA_LONG, count);
      MemorySegment pointers = call.allocate(ADDRESS, count);
      for (int i = 0; i < count; i++) {
        MemorySegment value = values.asSlice(i * 8L, 8);
        switch (what.arguments().get(i)) {
          case TensorMap map -> value = call.allocateFrom(JAVA_BYTE, map.bytes());
          case Long address -> values.setAtIndex(JAVA_LONG, i, address);
          case Integer number -> values.set(JAVA_INT, i * 8L, number);
          case Float number -> values.set(JAVA_FLOAT, i * 8L, number);
          default -> throw new IllegalArgumentException(what.arguments().toString());
        }
        pointers.setAtIndex(ADDRESS, i, value);
      }
      return (int) launch.invokeExact(config, function, pointers, MemorySegment.NULL);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a call of C throws nothing", e);
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
