package io.github.nextclass.engine.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.github.nextclass.safetensors.DType;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * A few rows of a weight as floats, in the order in which {@link MatrixKernel} reads them:
 *
 * <pre>
 *   [phase][step][rows]       rows side by side, four vectors of them; phases and steps as MatrixKernel says
 * </pre>
 *
 * <p>The rows are copied first, all of them in one run: read 64 bytes here and 64 bytes there they
 * came in at 6 GB/s, in one run at 20. Then squares of one vector by one vector are turned.
 */
final class Panel {
  static final int ROWS = 4 * Lanes.WIDTH;

  private static final int WIDTH = Lanes.WIDTH;

  /** Weights of a row that are staged at a time: 128 KB of 64 rows of bf16 stay in cache. */
  private static final int STAGED = 1024;

  private Panel() {}

  static int length(int columns) {
    return Lane.COUNT * MatrixKernel.phaseStride(columns, ROWS);
  }

  /** Fills a panel; rows from {@code rows} on are of no account. */
  static void fill(CpuMatrix w, int row, int rows, float[] panel, Scratch scratch) {
    int columns = w.columns();
    if (w instanceof CpuWeight floats && floats.dtype() == DType.BF16) {
      pairs(floats, row, rows, panel, scratch);
      return;
    }
    float[] staged = scratch.staging(WIDTH * columns);
    float[] work = scratch.work(WIDTH * WIDTH);
    for (int r = 0; r < rows; r += WIDTH) {
      for (int i = 0; i < Math.min(WIDTH, rows - r); i++) {
        Widen.row(w, row + r + i, staged, i * columns);
      }
      for (int block = 0; block < columns; block += Lane.PERIOD) {
        int even = block / Lane.COUNT * ROWS;
        for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
          Turn.square(staged, block + lane, columns, work);
          place(work, columns, lane, panel, even + r);
          Turn.square(staged, block + Lane.COUNT + lane, columns, work);
          place(work, columns, lane, panel, even + ROWS + r);
        }
      }
    }
  }

  /** Pairs of bf16 are turned as they are, and parted afterwards. */
  private static void pairs(CpuWeight w, int row, int rows, float[] panel, Scratch scratch) {
    int columns = w.columns();
    float[] work = scratch.work(WIDTH * WIDTH);
    float[] staged = scratch.staging(ROWS * STAGED / 2);
    for (int from = 0; from < columns; from += STAGED) {
      int stride = Math.min(STAGED, columns - from) / 2;
      for (int i = 0; i < rows; i++) {
        long at = w.rowOffsetBytes(row + i) + 2L * from;
        MemorySegment.copy(w.segment(), JAVA_FLOAT_UNALIGNED, at, staged, i * stride, stride);
      }
      for (int block = 0; block < 2 * stride; block += Lane.PERIOD) {
        int even = (from + block) / Lane.COUNT * ROWS;
        for (int r = 0; r < ROWS; r += WIDTH) {
          for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
            Turn.square(staged, r * stride + block / 2 + lane, stride, work);
            part(work, columns, lane, panel, even + r);
          }
        }
      }
    }
  }

  /** Of each pair, the even one goes to a step, the odd one to the next. */
  private static void part(float[] turned, int columns, int firstLane, float[] panel, int even) {
    for (int i = 0; i < WIDTH; i++) {
      int to = MatrixKernel.phaseOffset(firstLane + i, columns, ROWS) + even;
      IntVector pairs = FloatVector.fromArray(Lanes.F32, turned, i * WIDTH).reinterpretAsInts();
      Widen.evenBf16(pairs).intoArray(panel, to);
      Widen.oddBf16(pairs).intoArray(panel, to + ROWS);
    }
  }

  private static void place(float[] turned, int columns, int firstLane, float[] panel, int step) {
    for (int i = 0; i < WIDTH; i++) {
      int to = MatrixKernel.phaseOffset(firstLane + i, columns, ROWS) + step;
      FloatVector.fromArray(Lanes.F32, turned, i * WIDTH).intoArray(panel, to);
    }
  }
}
