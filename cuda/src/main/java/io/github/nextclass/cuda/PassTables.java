package io.github.nextclass.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.github.nextclass.engine.backend.Rope;
import io.github.nextclass.engine.backend.Step;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
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
  /** Passes that can be on the stream: each has its tables in main memory until they are copied. */
  static final int SLOTS = 16;

  /** Enough for a hundred tokens. */
  private static final long SMALL_BYTES = 1 << 16;

  private final CudaApi api;
  private final int headDim;
  private final Runnable onMove;
  private final AngleTable angles = new AngleTable();
  private CudaApi.DeviceMemory device;
  private final List<CudaApi.PinnedMemory> slots = new ArrayList<>();
  private CudaApi.@Nullable PinnedMemory large;

  /**
   * Takes the first memory.
   *
   * @param onMove called when the tables have got another address
   */
  PassTables(CudaApi api, int headDim, Runnable onMove) {
    this.api = api;
    this.headDim = headDim;
    this.onMove = onMove;
    this.device = api.allocate(SMALL_BYTES);
    for (int i = 0; i < SLOTS; i++) {
      slots.add(api.allocatePinned(SMALL_BYTES));
    }
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

  private long bytes(int tokens, @Nullable Step step) {
    long bytes = pagesOffset(tokens);
    if (step != null) {
      for (Step.Segment segment : step.segments()) {
        bytes += 8L * ((CudaKvCache) segment.cache()).pageCount();
      }
    }
    return bytes;
  }

  /** Whether the tables of a pass do not fit a slot: then no other pass may be under way. */
  boolean isLarge(int tokens, @Nullable Step step) {
    return bytes(tokens, step) > SMALL_BYTES;
  }

  /** Makes room before the launches that hold addresses are planned; waits for what runs. */
  void reserve(int tokens, @Nullable Step step) {
    long bytes = bytes(tokens, step);
    if (bytes > device.byteSize()) {
      api.free(device);
      if (large != null) {
        api.freePinned(large);
      }
      device = api.allocate(2 * bytes);
      large = api.allocatePinned(2 * bytes);
      onMove.run();
    }
  }

  /**
   * Puts the copy of the tables on the stream.
   *
   * @param slot where in main memory they are made, unless they are large; what was there before
   *     must have been copied
   * @param tokens the rows that the layout is made for
   * @param step what the pass works on; null where only rows are gathered
   * @param rope the angles, or null
   * @param gathered the rows to gather; may be empty
   */
  void upload(int slot, int tokens, @Nullable Step step, @Nullable Rope rope, int[] gathered) {
    CudaApi.PinnedMemory staging =
        isLarge(tokens, step) ? Objects.requireNonNull(large) : slots.get(slot);
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
    slots.forEach(api::freePinned);
    if (large != null) {
      api.freePinned(large);
    }
  }
}
