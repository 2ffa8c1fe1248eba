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
 *   [phase][step][rows]       rows side by side, two vectors of them; phases and steps as MatrixKernel says
 * </pre>
 *
 * <p>The rows are copied first, all of them in one run: read 64 bytes here and 64 bytes there they
 * came in at 6 GB/s, in one run at 20.
 */
final class Panel {
  static final int ROWS = 2 * Lanes.WIDTH;

  private static final int WIDTH = Lanes.WIDTH;
  private static final int SQUARE = ROWS * WIDTH;

  private Panel() {}

  static int length(int columns) {
    return Lane.COUNT * MatrixKernel.phaseStride(columns, ROWS);
  }

  /** Fills a panel; rows from {@code rows} on are left as they are. */
  static void fill(CpuMatrix w, int row, int rows, float[] panel, Scratch scratch) {
    int columns = w.columns();
    CpuWeight bf16 = w instanceof CpuWeight f && f.dtype() == DType.BF16 ? f : null;
    boolean pairs = bf16 != null;
    int stride = pairs ? columns / 2 : columns;
    float[] staged = scratch.staging(ROWS * stride);
    if (bf16 != null) {
      MemorySegment.copy(
          bf16.segment(), JAVA_FLOAT_UNALIGNED, bf16.rowOffsetBytes(row), staged, 0, rows * stride);
    } else {
      for (int i = 0; i < rows; i++) {
        Widen.row(w, row + i, staged, i * stride);
      }
    }
    float[] work = scratch.work(SQUARE);
    float[] turned = scratch.turned(SQUARE);
    for (int block = 0; block < columns; block += Lane.PERIOD) {
      int even = block / Lane.COUNT * ROWS;
      int odd = even + ROWS;
      for (int lane = 0; lane < Lane.COUNT; lane += WIDTH) {
        if (pairs) {
          Turn.columns(staged, block / 2 + lane, stride, work, turned);
          part(turned, columns, lane, panel, even, odd);
        } else {
          Turn.columns(staged, block + lane, stride, work, turned);
          place(turned, columns, lane, panel, even);
          Turn.columns(staged, block + Lane.COUNT + lane, stride, work, turned);
          place(turned, columns, lane, panel, odd);
        }
      }
    }
  }

  /** Parts pairs of bf16: the even ones go to one step, the odd ones to the next. */
  private static void part(
      float[] turned, int columns, int firstLane, float[] panel, int even, int odd) {
    for (int i = 0; i < WIDTH; i++) {
      int phase = MatrixKernel.phaseOffset(firstLane + i, columns, ROWS);
      for (int half = 0; half < ROWS; half += WIDTH) {
        IntVector p = FloatVector.fromArray(Lanes.F32, turned, i * ROWS + half).reinterpretAsInts();
        Widen.evenBf16(p).intoArray(panel, phase + even + half);
        Widen.oddBf16(p).intoArray(panel, phase + odd + half);
      }
    }
  }

  private static void place(float[] turned, int columns, int firstLane, float[] panel, int step) {
    for (int i = 0; i < WIDTH; i++) {
      int phase = MatrixKernel.phaseOffset(firstLane + i, columns, ROWS);
      System.arraycopy(turned, i * ROWS, panel, phase + step, ROWS);
    }
  }
}
