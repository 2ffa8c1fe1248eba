package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.quant.GroupedMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * A GPTQ or AWQ matrix, copied row by row when it is loaded. In the file a row is a column of words
 * or of half bytes: to read one there takes a cache line for 8 weights, or for each.
 *
 * <pre>
 *   levels   [rows][columns] of 4 or 8 bits, as {@link GroupedMatrix#copyRowMajor} writes them
 *   scales   [rows][groups] floats
 *   zeros    [rows][groups] bytes
 * </pre>
 */
final class GroupedWeight implements CpuMatrix {

  /** Rows of a piece of the copy; whole words of AWQ, whole cache lines of GPTQ. */
  private static final int ROWS_A_PIECE = 64;

  private final int rows;
  private final int columns;
  private final int bits;
  private final int groups;
  private final MemorySegment levels;
  private final MemorySegment scales;
  private final MemorySegment zeros;
  private final int @Nullable [] groupOf;

  /** Copies on all threads. */
  GroupedWeight(GroupedMatrix matrix, SegmentAllocator memory, Workers workers) {
    this.rows = matrix.rows();
    this.columns = matrix.columns();
    this.bits = matrix.bits();
    this.groups = matrix.groups();
    this.levels = memory.allocate(levelBytes(matrix));
    this.scales = memory.allocate(scaleCount(matrix) * Float.BYTES);
    this.zeros = memory.allocate(scaleCount(matrix));
    this.groupOf = matrix.groupsAreRuns() ? null : groupsOf(matrix);
    int pieces = (rows + ROWS_A_PIECE - 1) / ROWS_A_PIECE;
    workers.forRange(
        pieces,
        1,
        (worker, from, to) -> copy(matrix, from * ROWS_A_PIECE, Math.min(to * ROWS_A_PIECE, rows)));
  }

  private void copy(GroupedMatrix matrix, int from, int to) {
    matrix.copyRowMajor(from, to, levels);
    for (int row = from; row < to; row++) {
      for (int group = 0; group < groups; group++) {
        long at = (long) row * groups + group;
        scales.setAtIndex(ValueLayout.JAVA_FLOAT, at, matrix.scale(row, group));
        zeros.set(ValueLayout.JAVA_BYTE, at, (byte) matrix.zero(row, group));
      }
    }
  }

  private static int[] groupsOf(GroupedMatrix matrix) {
    int[] groups = new int[matrix.columns()];
    for (int k = 0; k < groups.length; k++) {
      groups[k] = matrix.group(k);
    }
    return groups;
  }

  /** The memory that a copy takes. */
  static long bytes(GroupedMatrix matrix) {
    return levelBytes(matrix) + scaleCount(matrix) * (Float.BYTES + 1);
  }

  private static long levelBytes(GroupedMatrix matrix) {
    return (long) matrix.rows() * matrix.columns() * matrix.bits() / Byte.SIZE;
  }

  private static long scaleCount(GroupedMatrix matrix) {
    return (long) matrix.rows() * matrix.groups();
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int columns() {
    return columns;
  }

  int bits() {
    return bits;
  }

  int groups() {
    return groups;
  }

  MemorySegment levels() {
    return levels;
  }

  long rowOffsetBytes(int row) {
    return (long) row * columns * bits / Byte.SIZE;
  }

  /** The group of each input; null where groups are runs of {@code columns / groups} inputs. */
  int @Nullable [] groupOf() {
    return groupOf;
  }

  float scale(int row, int group) {
    return scales.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * groups + group);
  }

  int zero(int row, int group) {
    return Byte.toUnsignedInt(zeros.get(ValueLayout.JAVA_BYTE, (long) row * groups + group));
  }

  /** One row in plain loops. */
  void dequantizeRow(int row, float[] out, int at) {
    long offsetBytes = rowOffsetBytes(row);
    int perByte = Byte.SIZE / bits;
    int mask = (1 << bits) - 1;
    int groupSize = columns / groups;
    for (int k = 0; k < columns; k++) {
      int cell = levels.get(ValueLayout.JAVA_BYTE, offsetBytes + k / perByte);
      int level = (cell >>> (k % perByte * bits)) & mask;
      int group = groupOf == null ? k / groupSize : groupOf[k];
      out[at + k] = (level - zero(row, group)) * scale(row, group);
    }
  }
}
