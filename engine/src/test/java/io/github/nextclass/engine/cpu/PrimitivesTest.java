package io.github.nextclass.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.nextclass.engine.KvCacheFormat;
import io.github.nextclass.safetensors.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The vector primitives give the bits of the scalar ones: no tolerance anywhere. The build runs
 * these tests at 128 and 256 bits too.
 */
@Tag("vector-width")
class PrimitivesTest {
  private final Primitives scalar = new ScalarPrimitives();
  private final Primitives vector = new VectorPrimitives();
  private final Random random = new Random(20261123);

  /** Scores of a query: two blocks. */
  private static final int STRIDE = 2 * Primitives.BLOCK;

  /** Random weights of any exponent now and then, so that a lost carry or a wrong shift shows. */
  private CpuWeight weight(DType dtype, int rows, int columns) {
    int elementBytes = dtype == DType.F32 ? 4 : 2;
    MemorySegment segment = Arena.ofAuto().allocate((long) rows * columns * elementBytes, 64);
    for (long i = 0; i < (long) rows * columns; i++) {
      float value = (float) random.nextGaussian() * (random.nextInt(50) == 0 ? 1000f : 0.05f);
      switch (dtype) {
        case F32 -> segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
        case F16 -> segment.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(value));
        default ->
            segment.setAtIndex(
                ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(value) >>> 16));
      }
    }
    return new CpuWeight(segment, dtype, rows, columns);
  }

  private float[] floats(int n) {
    float[] floats = new float[n];
    for (int i = 0; i < n; i++) {
      floats[i] = (float) random.nextGaussian() * (random.nextInt(40) == 0 ? 30f : 1f);
    }
    return floats;
  }

  private static float[] linear(Primitives primitives, CpuWeight w, float[] x, int tokens) {
    float[] packed = new float[primitives.packedLength(tokens, w.columns())];
    // In two parts, as two threads would.
    int pieces = primitives.packedPieces(tokens);
    primitives.pack(x, tokens, w.columns(), 0, pieces / 2, packed);
    primitives.pack(x, tokens, w.columns(), pieces / 2, pieces, packed);
    float[] out = new float[tokens * w.rows()];
    int border = Math.min(w.rows(), primitives.rowsTogether());
    Scratch scratch = new Scratch();
    primitives.linear(w, 0, border, packed, tokens, out, scratch);
    if (border < w.rows()) {
      primitives.linear(w, border, w.rows(), packed, tokens, out, scratch);
    }
    return out;
  }

  static Stream<Arguments> shapes() {
    return Stream.of(DType.BF16, DType.F16, DType.F32)
        .flatMap(dtype ->
            IntStream.of(1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 64, 71)
                .boxed()
                .flatMap(tokens ->
                    Stream.of(
                        Arguments.of(dtype, tokens, 1, 64),
                        Arguments.of(dtype, tokens, 7, 192),
                        Arguments.of(dtype, tokens, 21, 1024))));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void linearLayersAreEqualToTheBit(DType dtype, int tokens, int rows, int columns) {
    CpuWeight w = weight(dtype, rows, columns);
    float[] x = floats(tokens * columns);
    assertThat(linear(vector, w, x, tokens)).containsExactly(linear(scalar, w, x, tokens));
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16", "F32"})
  void aTokenHasTheSameBitsAloneAndAmongOthers(DType dtype) {
    CpuWeight w = weight(dtype, 24, 3072);
    float[] x = floats(75 * 3072);
    float[] together = linear(vector, w, x, 75);
    for (int t : new int[] {0, 31, 63, 64, 70, 74}) {
      float[] alone = linear(vector, w, Arrays.copyOfRange(x, t * 3072, (t + 1) * 3072), 1);
      assertThat(alone).containsExactly(Arrays.copyOfRange(together, t * 24, (t + 1) * 24));
    }
  }

  @Test
  void theScalarLinearLayerIsADotProduct() {
    CpuWeight w = weight(DType.F32, 5, 128);
    float[] x = floats(128);
    float[] out = linear(scalar, w, x, 1);
    for (int r = 0; r < 5; r++) {
      double sum = 0;
      double size = 0;
      for (int k = 0; k < 128; k++) {
        double product =
            (double) w.segment().getAtIndex(ValueLayout.JAVA_FLOAT, r * 128L + k) * x[k];
        sum += product;
        size += Math.abs(product);
      }
      assertThat((double) out[r]).isCloseTo(sum, within(1e-6 * size));
    }
  }

  static Stream<Arguments> anyShapes() {
    return Stream.of(DType.BF16, DType.F16, DType.F32)
        .flatMap(dtype ->
            IntStream.of(1, 3, 8, 11)
                .boxed()
                .flatMap(tokens ->
                    Stream.of(
                        Arguments.of(dtype, tokens, 3, 8),
                        Arguments.of(dtype, tokens, 300, 31),
                        Arguments.of(dtype, tokens, 70, 160),
                        Arguments.of(dtype, tokens, 257, 296))));
  }

  /** The definition itself; plain loops take rows of any length. */
  @ParameterizedTest
  @MethodSource("anyShapes")
  void theScalarLinearLayerKeepsTheOrder(DType dtype, int tokens, int rows, int columns) {
    CpuWeight w = weight(dtype, rows, columns);
    float[] x = floats(tokens * columns);
    float[] row = new float[columns];
    float[] expected = new float[tokens * rows];
    for (int r = 0; r < rows; r++) {
      scalar.widen(w, r, row, 0);
      for (int t = 0; t < tokens; t++) {
        float[] sums = new float[Lane.COUNT];
        for (int k = 0; k < columns; k++) {
          sums[Lane.of(k)] = Math.fma(row[k], x[t * columns + k], sums[Lane.of(k)]);
        }
        expected[t * rows + r] = Lane.sum(sums, 0);
      }
    }
    assertThat(linear(scalar, w, x, tokens)).containsExactly(expected);
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void everyHalfWidensAsJavaSays(DType dtype) {
    MemorySegment all = Arena.ofAuto().allocate(2 << 16, 64);
    for (int i = 0; i < 1 << 16; i++) {
      all.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) i);
    }
    CpuWeight w = new CpuWeight(all, dtype, 1, 1 << 16);
    float[] expected = new float[1 << 16];
    float[] actual = new float[1 << 16];
    scalar.widen(w, 0, expected, 0);
    vector.widen(w, 0, actual, 0);
    for (int i = 0; i < 1 << 16; i++) {
      float reference =
          dtype == DType.F16 ? Float.float16ToFloat((short) i) : Float.intBitsToFloat(i << 16);
      assertThat(Float.floatToIntBits(expected[i])).isEqualTo(Float.floatToIntBits(reference));
      // NaN stays NaN; everything else keeps its bits.
      assertThat(Float.floatToIntBits(actual[i])).isEqualTo(Float.floatToIntBits(reference));
    }
  }

  @Test
  void smallOperationsAreEqualToTheBit() {
    for (int n : new int[] {64, 128, 1024}) {
      float[] x = floats(n);
      float[] y = floats(n);
      float[] scale = floats(n);
      assertThat(vector.sumOfSquares(x, 0, n)).isEqualTo(scalar.sumOfSquares(x, 0, n));
      assertSame(x, (p, v) -> p.scale(v, 0, n, 0.37f, scale, v));
      assertSame(x, (p, v) -> p.add(v, y, 0, n));
      assertSame(x, (p, v) -> p.siluMul(v, y, 0, n));
      assertSame(x, (p, v) -> p.multiply(v, 0, n, 1.7f));
      assertSame(x, (p, v) -> p.rotate(v, 0, n / 2, y, scale));
    }
  }

  @Test
  void exponentialsOfScoresAreEqualToTheBit() {
    for (int n = 1; n < 150; n++) {
      float[] scores = floats(n + 3);
      float[] copy = scores.clone();
      assertThat(vector.expSum(scores, 3, n, 0.7f)).isEqualTo(scalar.expSum(copy, 3, n, 0.7f));
      assertThat(scores).containsExactly(copy);
    }
  }

  @ParameterizedTest
  @EnumSource(KvCacheFormat.class)
  void attentionOverABlockIsEqualToTheBit(KvCacheFormat format) {
    for (int headDim : new int[] {16, 64, 80, 128}) {
      KvPanel keys = panel(format, true, headDim);
      KvPanel values = panel(format, false, headDim);
      // Alone, in pairs and fours, left over, and more than read BF16 and Q8 as they lie.
      for (int count : new int[] {1, 2, 3, 4, 5, 7, 8, 9, 14}) {
        for (int last : new int[] {1, 2, 3, 5, 37, 64}) { // positions of the block
          float[] q = floats(count * headDim);
          Queries queries = queries(count, last, headDim);
          float[] expected = new float[count * STRIDE];
          float[] actual = new float[count * STRIDE];
          scalar.scores(keys, q, queries, expected, Primitives.BLOCK, new Scratch());
          vector.scores(keys, q, queries, actual, Primitives.BLOCK, new Scratch());
          assertThat(actual).containsExactly(expected);
          assertSame(
              q,
              (p, v) ->
                  p.weightedSum(values, expected, Primitives.BLOCK, queries, v, new Scratch()));
        }
      }
    }
  }

  /**
   * Two to a token, as in a group of two; a block before this one, and the last of them sees it so
   * far.
   */
  private static Queries queries(int count, int last, int headDim) {
    Queries queries = new Queries();
    queries.clear(count);
    for (int i = 0; i < count; i++) {
      int visible = Math.max(0, last - (count - 1 - i) / 2);
      queries.add(i * headDim, Primitives.BLOCK + visible, i * STRIDE);
    }
    return queries;
  }

  private KvPanel panel(KvCacheFormat format, boolean keys, int headDim) {
    MemorySegment memory = Arena.ofAuto().allocate(KvPanel.bytes(format, headDim) + 64, 64);
    KvPanel panel = KvPanel.of(format, keys, memory, 64, headDim);
    for (int position = 0; position < Primitives.BLOCK; position++) {
      panel.put(position, floats(headDim), 0);
    }
    return panel;
  }

  @ParameterizedTest
  @EnumSource(KvCacheFormat.class)
  void positionsThatAQueryDoesNotSeeDoNotShow(KvCacheFormat format) {
    int headDim = 128;
    float[] nothing = new float[headDim];
    Arrays.fill(nothing, Float.NaN);
    for (int count : new int[] {1, 2, 4, 12}) {
      for (int last : new int[] {1, 6, 31, 63}) {
        KvPanel values = panel(format, false, headDim);
        for (int position = last; position < Primitives.BLOCK; position++) {
          values.put(position, nothing, 0);
        }
        float[] probs = floats(count * STRIDE);
        float[] out = floats(count * headDim);
        vector.weightedSum(
            values, probs, Primitives.BLOCK, queries(count, last, headDim), out, new Scratch());
        assertThat(out).doesNotContain(Float.NaN);
      }
    }
  }

  @Test
  void theExponentialIsCloseAndSafeAtTheEnds() {
    for (float x = -87f; x < 88f; x += 0.0137f) {
      assertThat((double) Exp.exp(x)).isCloseTo(Math.exp(x), within(2e-7 * Math.exp(x)));
    }
    assertThat(Exp.exp(0f)).isEqualTo(1f);
    assertThat(Exp.exp(Float.NEGATIVE_INFINITY)).isBetween(0f, 1.2e-38f);
    assertThat(Exp.exp(Float.POSITIVE_INFINITY)).isGreaterThan(1e38f);
    assertThat(Exp.exp(Float.NaN)).isNaN();
  }

  private interface InPlace {
    void run(Primitives primitives, float[] values);
  }

  private void assertSame(float[] input, InPlace operation) {
    float[] expected = input.clone();
    float[] actual = input.clone();
    operation.run(scalar, expected);
    operation.run(vector, actual);
    assertThat(actual).containsExactly(expected);
  }
}
