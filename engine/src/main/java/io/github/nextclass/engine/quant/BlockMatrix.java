package io.github.nextclass.engine.quant;

import io.github.nextclass.engine.backend.LevelMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * NextClass's own formats, {@code q8} and {@code q4}: signed levels of 8 or 4 bits, and a BF16
 * scale for each output and each block of 32 inputs.
 *
 * <pre>
 *   w[r, k] = level(r, k) * scale(r, k / 32)              q8: -127 .. 127    q4: -8 .. 7
 * </pre>
 *
 * <p>32 outputs lie side by side, so that the lanes of a vector are outputs, no sum is horizontal,
 * and the result does not depend on the width of vectors:
 *
 * <pre>
 *   matrix   [panel = r / 32][block = k / 32]
 *   block    q4: 8 x 32 words, then 32 scales (576 bytes)       q8: 16 x 32 words, then 32 scales (1088 bytes)
 *   word     16 bits, little-endian, inputs in ascending order from the lowest bits
 *            q4: | k+3 | k+2 | k+1 |  k  |  level + 8 each       q8: |   k+1   |    k    |  two's complement
 *   lane     0  1   2  3   4  5  ...  30 31                       of the 32 words, or scales
 *   output   0 16   1 17   2 18  ...  15 31                       the two halves of a 32-bit lane are 16 outputs apart
 * </pre>
 *
 * <p>Outputs behind the last one have scale 0.
 */
public final class BlockMatrix implements StoredMatrix, LevelMatrix {
  /** Outputs that lie side by side. */
  public static final int ROWS = 32;

  private static final int SCALES_BYTES = ROWS * Short.BYTES;
  private static final long ALIGNMENT_BYTES = 64;
  private static final ValueLayout.OfShort WORD =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final ValueLayout.OfLong FOUR =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Parts of four bf16 numbers in a long. */
  private static final long EXPONENTS = 0x7f80_7f80_7f80_7f80L;

  private static final long LOWEST_EXPONENT_BITS = 0x0080_0080_0080_0080L;
  private static final long SIGNS = 0x8000_8000_8000_8000L;

  private final String name;
  private final MemorySegment segment;
  private final int bits;
  private final int rows;
  private final int columns;

  /**
   * A matrix over memory that holds it.
   *
   * @param name what it is called, for messages
   * @param segment {@link #bytes} bytes
   * @param bits 4 or 8
   * @param rows the number of outputs
   * @param columns the number of inputs, a multiple of 32
   */
  public BlockMatrix(String name, MemorySegment segment, int bits, int rows, int columns) {
    if (segment.byteSize() != bytes(bits, rows, columns)) {
      throw new IllegalArgumentException(
          name + " has " + segment.byteSize() + " bytes, expected " + bytes(bits, rows, columns));
    }
    this.name = name;
    this.segment = segment;
    this.bits = bits;
    this.rows = rows;
    this.columns = columns;
  }

  /**
   * The panels of some outputs.
   *
   * @param rows the number of outputs
   * @return {@code ceil(rows / 32)}
   */
  public static int panels(int rows) {
    return (rows + ROWS - 1) / ROWS;
  }

  /**
   * The size of a block of a panel.
   *
   * @param bits 4 or 8
   * @return the number of bytes, a multiple of 64
   */
  public static int blockBytes(int bits) {
    return ROWS * BLOCK * bits / Byte.SIZE + SCALES_BYTES;
  }

  /**
   * The size of a matrix.
   *
   * @param bits 4 or 8
   * @param rows the number of outputs
   * @param columns the number of inputs, a multiple of 32
   * @return the number of bytes
   */
  public static long bytes(int bits, int rows, int columns) {
    return (long) panels(rows) * (columns / BLOCK) * blockBytes(bits);
  }

  /**
   * Scales that are infinite or NaN. A large model has millions, so four are looked at at a time.
   */
  @Override
  public void check(Consumer<String> problems) {
    int blockBytes = blockBytes(bits);
    for (long end = blockBytes; end <= segment.byteSize(); end += blockBytes) {
      for (long at = end - SCALES_BYTES; at < end; at += Long.BYTES) {
        long exponents = segment.get(FOUR, at) & EXPONENTS;
        if ((exponents + LOWEST_EXPONENT_BITS & SIGNS) != 0) { // all ones carry into the sign
          problems.accept(
              name
                  + " has a scale in block "
                  + (end / blockBytes - 1)
                  + " that is infinite or NaN");
          return;
        }
      }
    }
  }

  /**
   * What the matrix is called.
   *
   * @return the name of its tensor
   */
  public String name() {
    return name;
  }

  /**
   * The bytes.
   *
   * @return in the order above
   */
  public MemorySegment segment() {
    return segment;
  }

  @Override
  public int bits() {
    return bits;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int columns() {
    return columns;
  }

  /**
   * The size of a panel.
   *
   * @return the number of bytes
   */
  public long panelBytes() {
    return (long) (columns / BLOCK) * blockBytes(bits);
  }

  @Override
  public int level(int row, int k) {
    int perWord = Short.SIZE / bits;
    long word = (long) (k % BLOCK / perWord) * ROWS + lane(row);
    short packed = segment.get(WORD, blockOffset(row, k) + 2 * word);
    if (bits == 8) {
      return (byte) (packed >> (k % 2 * 8));
    }
    return (packed >> (k % 4 * 4) & 0xf) - 8;
  }

  @Override
  public float scale(int row, int k) {
    return Bf16.widen(
        segment.get(WORD, blockOffset(row, k) + blockBytes(bits) - SCALES_BYTES + 2L * lane(row)));
  }

  private long blockOffset(int row, int k) {
    return row / ROWS * panelBytes() + (long) (k / BLOCK) * blockBytes(bits);
  }

  /**
   * The place of an output among the 32 of its panel.
   *
   * @param row the output
   * @return the lane, 0 to 31
   */
  public static int lane(int row) {
    int i = row % ROWS;
    return i < ROWS / 2 ? 2 * i : 2 * (i - ROWS / 2) + 1;
  }

  @Override
  public void dequantizeRow(int row, float[] out, int at) {
    for (int block = 0; block < columns; block += BLOCK) {
      float scale = scale(row, block);
      for (int k = block; k < block + BLOCK; k++) {
        out[at + k] = level(row, k) * scale;
      }
    }
  }

  /**
   * A matrix of some of the outputs, copied.
   *
   * @param wanted the outputs, in any order
   * @return a new matrix
   */
  public BlockMatrix selectRows(int... wanted) {
    MemorySegment copy =
        Arena.ofAuto().allocate(bytes(bits, wanted.length, columns), ALIGNMENT_BYTES);
    int words = blockBytes(bits) / SCALES_BYTES; // of a lane, its scale included
    for (int i = 0; i < wanted.length; i++) {
      int row = Objects.checkIndex(wanted[i], rows);
      for (int block = 0; block < columns; block += BLOCK) {
        long from = blockOffset(row, block) + 2L * lane(row);
        long to =
            i / ROWS * panelBytes() + (long) (block / BLOCK) * blockBytes(bits) + 2L * lane(i);
        for (int word = 0; word < words; word++) {
          long step = (long) word * SCALES_BYTES;
          copy.set(WORD, to + step, segment.get(WORD, from + step));
        }
      }
    }
    return new BlockMatrix(name, copy.asReadOnly(), bits, wanted.length, columns);
  }
}
