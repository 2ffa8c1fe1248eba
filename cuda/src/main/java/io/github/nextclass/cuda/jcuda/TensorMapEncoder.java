package io.github.nextclass.cuda.jcuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.github.nextclass.cuda.TensorMap;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * Describes matrices to the unit that copies boxes of them. JCuda 12.6 lacks the call, {@code
 * cuTensorMapEncodeTiled} (CUDA 12.0), so it is made through java.lang.foreign on the same driver.
 */
final class TensorMapEncoder implements AutoCloseable {
  // Of cuda.h.
  private static final int BFLOAT16 = 9;
  private static final int NO_INTERLEAVE = 0;
  private static final int SWIZZLE_128_BYTES = 3;
  private static final int PROMOTE_TO_256_BYTES_OF_L2 = 3;
  private static final int ZEROS_OUTSIDE = 0;

  private static final int ALIGNMENT = 64;
  private static final int BOX_COLUMNS = 64;

  private final Arena arena = Arena.ofShared();
  private final MethodHandle encode;

  @SuppressWarnings("restricted")
  TensorMapEncoder() {
    encode =
        Linker.nativeLinker()
            .downcallHandle(
                SymbolLookup.libraryLookup(DriverLoader.DRIVER_LIBRARY, arena)
                    .findOrThrow("cuTensorMapEncodeTiled"),
                FunctionDescriptor.of(
                    JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS,
                    ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
  }

  /**
   * Describes a matrix in BF16, row after row, in boxes of 64 columns; returns the driver's code.
   *
   * @param result gets what the driver writes
   */
  int encode(byte[] result, long address, int rows, int columns, int boxRows) {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment map = call.allocate(TensorMap.BYTES, ALIGNMENT);
      MemorySegment sizes = call.allocateFrom(JAVA_LONG, columns, rows);
      MemorySegment rowBytes = call.allocateFrom(JAVA_LONG, (long) columns * Short.BYTES);
      MemorySegment box = call.allocateFrom(JAVA_INT, BOX_COLUMNS, boxRows);
      MemorySegment everyElement = call.allocateFrom(JAVA_INT, 1, 1);
      int code =
          (int)
              encode.invokeExact(
                  map,
                  BFLOAT16,
                  2,
                  address,
                  sizes,
                  rowBytes,
                  box,
                  everyElement,
                  NO_INTERLEAVE,
                  SWIZZLE_128_BYTES,
                  PROMOTE_TO_256_BYTES_OF_L2,
                  ZEROS_OUTSIDE);
      MemorySegment.copy(map, JAVA_BYTE, 0, result, 0, TensorMap.BYTES);
      return code;
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
