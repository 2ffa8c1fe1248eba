package io.github.nextclass.engine.quant;

import io.github.nextclass.safetensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.Consumer;

/**
 * AWQ (Lin et al., 2023) in 4 bits, version "gemm". Against GPTQ it packs along the outputs, and
 * not in their order: the even outputs fill the lower half of a word, the odd ones the upper half,
 * so that a GPU can take two at a time.
 *
 * <pre>
 *   qweight [columns, rows / 8]      and qzeros [groups, rows / 8] likewise
 *
 *     bit    31  28 27  24 23  20 19  16 15  12 11   8 7    4 3    0
 *            | r+7 | r+5 | r+3 | r+1 | r+6 | r+4 | r+2 |  r  |          word [k, r / 8]
 *
 *   scales [groups, rows]            16-bit floats; group = k / groupSize
 * </pre>
 *
 * <p>Zero points are stored as they are.
 *
 * <p>Source: AutoAWQ's {@code packing_utils.py}.
 */
public final class AwqMatrix implements GroupedMatrix {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int BITS = 4;

  /** The outputs that share a word. */
  public static final int PER_WORD = Integer.SIZE / BITS;

  /** In which place of a word each of eight outputs lies. */
  private static final int[] PLACES = {0, 4, 1, 5, 2, 6, 3, 7};

  private final Tensor qweight;
  private final Tensor qzeros;
  private final Tensor scales;
  private final int rows;
  private final int columns;
  private final int groups;

  /**
   * A matrix over its tensors, whose types and shapes were checked.
   *
   * @param qweight I32 {@code [columns, rows / 8]}
   * @param qzeros I32 {@code [groups, rows / 8]}
   * @param scales F16, BF16 or F32 {@code [groups, rows]}
   */
  public AwqMatrix(Tensor qweight, Tensor qzeros, Tensor scales) {
    this.qweight = qweight;
    this.qzeros = qzeros;
    this.scales = scales;
    this.groups = Math.toIntExact(scales.shape()[0]);
    this.rows = Math.toIntExact(scales.shape()[1]);
    this.columns = Math.toIntExact(qweight.shape()[0]);
  }

  @Override
  public void check(Consumer<String> problems) {
    Scales.checkFinite(scales, problems);
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int columns() {
    return columns;
  }

  @Override
  public int bits() {
    return BITS;
  }

  @Override
  public int groups() {
    return groups;
  }

  @Override
  public int group(int k) {
    return k / (columns / groups);
  }

  @Override
  public boolean groupsAreRuns() {
    return true;
  }

  @Override
  public int level(int row, int k) {
    return unpack(qweight.intAt((long) k * (rows / PER_WORD) + row / PER_WORD), row);
  }

  @Override
  public int zero(int row, int group) {
    return unpack(qzeros.intAt((long) group * (rows / PER_WORD) + row / PER_WORD), row);
  }

  private static int unpack(int word, int row) {
    return (word >>> (PLACES[row % PER_WORD] * BITS)) & 0xf;
  }

  @Override
  public float scale(int row, int group) {
    return scales.floatAt((long) group * rows + row);
  }

  /** Eight words of eight outputs become eight words of eight inputs. */
  @Override
  public void copyRowMajor(int fromRow, int toRow, MemorySegment target) {
    MemorySegment source = qweight.segment();
    int stride = rows / PER_WORD;
    int words = columns / PER_WORD;
    int[] square = new int[PER_WORD];
    for (int word = 0; word < words; word++) {
      for (int row = fromRow; row < toRow; row += PER_WORD) {
        for (int i = 0; i < PER_WORD; i++) {
          square[i] =
              source.get(INT, 4L * ((long) (word * PER_WORD + i) * stride + row / PER_WORD));
        }
        turn(square);
        for (int i = 0; i < PER_WORD; i++) {
          target.set(INT, 4L * ((long) (row + i) * words + word), square[PLACES[i]]);
        }
      }
    }
  }

  /**
   * Turns a square of 8 x 8 half bytes: word i gets place i of every word. Blocks of 4 x 4 are
   * swapped across the diagonal, then of 2 x 2, then single ones (Warren, Hacker's Delight, 7-3).
   */
  private static void turn(int[] square) {
    swap(square, 4, 0x0000ffff);
    swap(square, 2, 0x00ff00ff);
    swap(square, 1, 0x0f0f0f0f);
  }

  private static void swap(int[] square, int distance, int lowerPlaces) {
    int shift = distance * BITS;
    for (int i = 0; i < PER_WORD; i++) {
      if ((i & distance) == 0) {
        int difference = ((square[i] >>> shift) ^ square[i + distance]) & lowerPlaces;
        square[i] ^= difference << shift;
        square[i + distance] ^= difference;
      }
    }
  }
}
