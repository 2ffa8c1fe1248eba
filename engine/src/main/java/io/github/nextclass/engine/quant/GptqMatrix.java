package io.github.nextclass.engine.quant;

import io.github.nextclass.safetensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * GPTQ (Frantar et al., 2022) in 4 or 8 bits. Integers of one output lie in a column of words; here
 * 4 bits, 8 bits likewise with 4 in a word:
 *
 * <pre>
 *   qweight [columns / 8, rows]      packed along the inputs, the first lowest
 *
 *     bit    31  28 27  24 23  20 19  16 15  12 11   8 7    4 3    0
 *            | k+7 | k+6 | k+5 | k+4 | k+3 | k+2 | k+1 |  k  |          word [k / 8, row]
 *
 *   qzeros [groups, rows / 8]        packed along the outputs, the first lowest
 *
 *            | r+7 | r+6 | r+5 | r+4 | r+3 | r+2 | r+1 |  r  |          word [group, r / 8]
 *
 *   scales [groups, rows]            16-bit floats
 *   g_idx  [columns]                 the group of each input: k / groupSize, or any order if desc_act
 * </pre>
 *
 * <p>There are two conventions for zero points. v1 stores them less one, modulo {@code 2^bits}; v2
 * as they are. The label {@code checkpoint_format} is not to be trusted: files labelled v1 exist
 * that are v2. A symmetric matrix has one zero point, the middle, so there the value tells: 7 is v1
 * and 8 is v2 (127 and 128 in 8 bits).
 *
 * <p>Source: AutoGPTQ's {@code qlinear_cuda_old.py}, GPTQModel's {@code
 * convert_gptq_v1_to_v2_format}.
 */
public final class GptqMatrix implements GroupedMatrix {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Words in a tile of the transposition: as many ints as a cache line has. */
  private static final int TILE = 16;

  /** What is added to a stored zero point. */
  public enum ZeroPoints {
    /** v1: the zero point less one. */
    LESS_ONE(1),
    /** v2: the zero point itself. */
    AS_STORED(0);

    private final int offset;

    ZeroPoints(int offset) {
      this.offset = offset;
    }

    /**
     * What a symmetric matrix says by its first zero point.
     *
     * @param qzeros the tensor, not empty
     * @param bits 4 or 8
     * @return the convention; v2 where the value is neither's, which {@link #check} finds
     */
    public static ZeroPoints of(Tensor qzeros, int bits) {
      int first = qzeros.intAt(0) & ((1 << bits) - 1);
      return first == (1 << (bits - 1)) - 1 ? LESS_ONE : AS_STORED;
    }
  }

  private final Tensor qweight;
  private final Tensor qzeros;
  private final Tensor scales;
  private final Tensor gIdx;
  private final int bits;
  private final ZeroPoints zeroPoints;
  private final boolean symmetric;
  private final boolean ordered;
  private final int rows;
  private final int columns;
  private final int groups;
  private final int perWord;
  private final int mask;
  private final int[] groupOf;
  private final boolean groupsAreRuns;

  /**
   * A matrix over its tensors, whose types and shapes were checked.
   *
   * @param qweight I32 {@code [columns * bits / 32, rows]}
   * @param qzeros I32 {@code [groups, rows * bits / 32]}
   * @param scales F16, BF16 or F32 {@code [groups, rows]}
   * @param gIdx I32 {@code [columns]}
   * @param bits 4 or 8
   * @param zeroPoints how zero points are stored
   * @param symmetric whether every zero point is the middle
   * @param ordered whether groups must be runs of inputs: {@code desc_act} is false
   */
  public GptqMatrix(
      Tensor qweight,
      Tensor qzeros,
      Tensor scales,
      Tensor gIdx,
      int bits,
      ZeroPoints zeroPoints,
      boolean symmetric,
      boolean ordered) {
    this.qweight = qweight;
    this.qzeros = qzeros;
    this.scales = scales;
    this.gIdx = gIdx;
    this.bits = bits;
    this.zeroPoints = zeroPoints;
    this.symmetric = symmetric;
    this.ordered = ordered;
    this.groups = Math.toIntExact(scales.shape()[0]);
    this.rows = Math.toIntExact(scales.shape()[1]);
    this.columns = Math.toIntExact(gIdx.elementCount());
    this.perWord = Integer.SIZE / bits;
    this.mask = (1 << bits) - 1;
    this.groupOf = gIdx.segment().toArray(INT);
    this.groupsAreRuns = firstOutOfRun() == columns;
  }

  private int firstOutOfRun() {
    int groupSize = columns / groups;
    return IntStream.range(0, columns)
        .filter(k -> groupOf[k] != k / groupSize)
        .findFirst()
        .orElse(columns);
  }

  @Override
  public void check(Consumer<String> problems) {
    checkGroups(problems);
    if (symmetric) {
      checkZeroPoints(problems);
    }
    Scales.checkFinite(scales, problems);
  }

  private void checkGroups(Consumer<String> problems) {
    int outside =
        IntStream.range(0, columns)
            .filter(k -> groupOf[k] < 0 || groupOf[k] >= groups)
            .findFirst()
            .orElse(columns);
    int wrong = outside < columns || !ordered ? outside : firstOutOfRun();
    if (wrong < columns) {
      problems.accept(
          gIdx.name()
              + " holds "
              + groupOf[wrong]
              + " at index "
              + wrong
              + (wrong == outside
                  ? ", expected 0 to " + (groups - 1)
                  : ", expected " + wrong / (columns / groups) + " since desc_act is false"));
    }
  }

  private void checkZeroPoints(Consumer<String> problems) {
    int middle = 1 << (bits - 1);
    int expected = middle - zeroPoints.offset;
    for (int group = 0; group < groups; group++) {
      for (int row = 0; row < rows; row++) {
        int stored = storedZero(row, group);
        if (stored != expected) {
          problems.accept(
              qzeros.name()
                  + " holds "
                  + stored
                  + " for group "
                  + group
                  + " and output "
                  + row
                  + ", expected all "
                  + (middle - 1)
                  + " (v1) or all "
                  + middle
                  + " (v2) since sym is true");
          return;
        }
      }
    }
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
    return bits;
  }

  @Override
  public int groups() {
    return groups;
  }

  @Override
  public int group(int k) {
    return groupOf[k];
  }

  @Override
  public boolean groupsAreRuns() {
    return groupsAreRuns;
  }

  @Override
  public int level(int row, int k) {
    return integer(qweight.intAt((long) (k / perWord) * rows + row), k);
  }

  @Override
  public int zero(int row, int group) {
    return (storedZero(row, group) + zeroPoints.offset) & mask;
  }

  private int storedZero(int row, int group) {
    return integer(qzeros.intAt((long) group * (rows / perWord) + row / perWord), row);
  }

  private int integer(int word, int index) {
    return (word >>> (index % perWord * bits)) & mask;
  }

  @Override
  public float scale(int row, int group) {
    return scales.floatAt((long) group * rows + row);
  }

  /** A transposition of words: inside a word the inputs are in order already. */
  @Override
  public void copyRowMajor(int fromRow, int toRow, MemorySegment target) {
    MemorySegment source = qweight.segment();
    int words = columns / perWord;
    for (int w = 0; w < words; w += TILE) {
      int endWord = Math.min(w + TILE, words);
      for (int row = fromRow; row < toRow; row++) {
        for (int word = w; word < endWord; word++) {
          int value = source.get(INT, 4L * ((long) word * rows + row));
          target.set(INT, 4L * ((long) row * words + word), value);
        }
      }
    }
  }
}
