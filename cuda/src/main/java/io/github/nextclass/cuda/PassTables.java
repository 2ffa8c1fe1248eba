package io.github.nextclass.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.github.nextclass.engine.backend.Rope;
import io.github.nextclass.engine.backend.Step;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a pass works on, in device memory, where the kernels look it up: so the launches of a pass
 * are the same each time, and a graph of them stays valid.
 *
 * <pre>
 *   tokenIds [tokens] | positions [tokens] | firstPage [tokens] | gathered [tokens]     int
 *   angles [tokens][cosines, sines]                                                     float
 *   pages: those of the first sequence, those of the second, ...                        address
 * </pre>
 *
 * Where a table begins depends on the number of tokens only, so that what is used is one copy.
 */
final class PassTables implements AutoCloseable {
  private static final long FIRST_SIZE_BYTES = 1 << 16;

  private final CudaApi api;
  private final int headDim;
  private final Runnable onMove;
  private final AngleTable angles = new AngleTable();
  private CudaApi.DeviceMemory device;
  private CudaApi.PinnedMemory staging;

  /**
   * Takes the first memory.
   *
   * @param onMove called when the tables have got another address
   */
  PassTables(CudaApi api, int headDim, Runnable onMove) {
    this.api = api;
    this.headDim = headDim;
    this.onMove = onMove;
    this.device = api.allocate(FIRST_SIZE_BYTES);
    this.staging = api.allocatePinned(FIRST_SIZE_BYTES);
  }

  long tokenIds() {
    return device.address();
  }

  long positions(int tokens) {
    return device.address() + (long) tokens * Integer.BYTES;
  }

  long firstPage(int tokens) {
    return device.address() + 2L * tokens * Integer.BYTES;
  }

  long gathered(int tokens) {
    return device.address() + 3L * tokens * Integer.BYTES;
  }

  long angles(int tokens) {
    return device.address() + anglesOffset(tokens);
  }

  long pages(int tokens) {
    return device.address() + pagesOffset(tokens);
  }

  private static long anglesOffset(int tokens) {
    return 4L * tokens * Integer.BYTES;
  }

  private long pagesOffset(int tokens) {
    return (anglesOffset(tokens) + (long) tokens * headDim * Float.BYTES + 7) / 8 * 8;
  }

  /** Makes room before the launches that hold addresses are planned. */
  void reserve(int tokens, @Nullable Step step) {
    long bytes = pagesOffset(tokens);
    if (step != null) {
      for (Step.Segment segment : step.segments()) {
        bytes += 8L * ((CudaKvCache) segment.cache()).pageCount();
      }
    }
    if (bytes > device.byteSize()) {
      api.free(device);
      api.freePinned(staging);
      device = api.allocate(2 * bytes);
      staging = api.allocatePinned(2 * bytes);
      onMove.run();
    }
  }

  /**
   * Puts the copy of the tables on the stream. The copy before must have ended.
   *
   * @param tokens the rows that the layout is made for
   * @param step what the pass works on; null where only rows are gathered
   * @param rope the angles, or null
   * @param gathered the rows to gather; may be empty
   */
  void upload(int tokens, @Nullable Step step, @Nullable Rope rope, int[] gathered) {
    MemorySegment to = staging.segment();
    long end = anglesOffset(tokens);
    ints(to, 3L * tokens * Integer.BYTES, gathered);
    if (step != null) {
      ints(to, 0, step.tokenIds());
      ints(to, (long) tokens * Integer.BYTES, step.positions());
      List<Long> pages = new ArrayList<>();
      for (Step.Segment segment : step.segments()) {
        for (int i = 0; i < segment.rowCount(); i++) {
          to.set(JAVA_INT, (2L * tokens + segment.firstRow() + i) * Integer.BYTES, pages.size());
        }
        ((CudaKvCache) segment.cache()).addAddresses(pages);
      }
      if (rope != null) {
        for (int t = 0; t < step.tokens(); t++) {
          float[] turns = angles.of(rope, step.positions()[t]);
          MemorySegment.copy(
              turns,
              0,
              to,
              JAVA_FLOAT,
              anglesOffset(tokens) + (long) t * headDim * Float.BYTES,
              headDim);
        }
      }
      end = pagesOffset(tokens);
      for (long page : pages) {
        to.set(JAVA_LONG, end, page);
        end += Long.BYTES;
      }
    }
    api.copyToDevice(staging, device, 0, end);
  }

  private static void ints(MemorySegment to, long offset, int[] values) {
    MemorySegment.copy(values, 0, to, JAVA_INT, offset, values.length);
  }

  @Override
  public void close() {
    api.free(device);
    api.freePinned(staging);
  }
}
