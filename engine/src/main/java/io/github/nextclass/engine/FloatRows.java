package io.github.nextclass.engine;

import io.github.nextclass.safetensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Rows of a matrix in F32, F16 or BF16 as floats. */
final class FloatRows {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private FloatRows() {}

  static void read(Tensor tensor, int row, int columns, float[] out, int at) {
    MemorySegment segment = tensor.segment();
    long first = (long) row * columns;
    switch (tensor.dtype()) {
      case BF16 -> {
        for (int k = 0; k < columns; k++) {
          out[at + k] = Float.intBitsToFloat(segment.get(SHORT, 2 * (first + k)) << 16);
        }
      }
      case F16 -> {
        for (int k = 0; k < columns; k++) {
          out[at + k] = Float.float16ToFloat(segment.get(SHORT, 2 * (first + k)));
        }
      }
      case F32 -> MemorySegment.copy(segment, FLOAT, 4 * first, out, at, columns);
      default -> throw new AssertionError(tensor.dtype());
    }
  }
}
