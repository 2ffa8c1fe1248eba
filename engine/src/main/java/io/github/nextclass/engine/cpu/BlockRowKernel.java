package io.github.nextclass.engine.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.github.nextclass.engine.quant.BlockMatrix;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products of q8 and q4 weights with one token, straight from where the weights lie: decode. Two
 * panels go together, half of the range apart, so that the prefetcher sees two long streams and an
 * input is broadcast once for both.
 *
 * <p>The four levels of a q4 word are not parted by masks. With {@code W0} the word, {@code W1, W2,
 * W3} the word shifted right by 4, 8 and 12 bits, a level is a difference, and the sum can be
 * gathered by words, all modulo 2^16:
 *
 * <pre>
 *   level 0 = W0 - 16 W1      level 1 = W1 - 16 W2      level 2 = W2 - 16 W3      level 3 = W3
 *
 *   sum of x[i] level[i]  =  x0 W0  +  (x1 - 16 x0) W1  +  (x2 - 16 x1) W2  +  (x3 - 16 x2) W3
 * </pre>
 *
 * <p>So the factors of the words are made of the inputs, once for all outputs, and three shifts do
 * what six operations did. Levels are stored with 8 added; the sum starts at {@code -8 * sum of x}.
 * It fits 16 bits in the end, and what it overflows on the way does not matter.
 *
 * <p>The hot methods call vector methods themselves, for the reason that {@link MatrixKernel}
 * gives.
 */
final class BlockRowKernel {
  /** Packed ints of a block: where the sum starts, then 32 factors. */
  static final int PACKED = BlockMatrix.BLOCK + 1;

  private static final int ROWS = BlockMatrix.ROWS;
  private static final int HALF = ROWS / 2;
  private static final int BLOCK = BlockMatrix.BLOCK;
  private static final int LINE_BYTES = ROWS * Short.BYTES;

  private BlockRowKernel() {}

  static void pack(BlockInputs inputs, int bits) {
    for (int block = 0; block < inputs.blocks(); block++) {
      if (bits == 4) {
        pack4(inputs.levels, block * BLOCK, inputs.packed, block * PACKED);
      } else {
        pack8(inputs.levels, block * BLOCK, inputs.packed, block * PACKED);
      }
    }
  }

  private static void pack4(int[] levels, int from, int[] packed, int to) {
    int sum = 0;
    for (int k = 0; k < BLOCK; k += 4) {
      int x0 = levels[from + k];
      int x1 = levels[from + k + 1];
      int x2 = levels[from + k + 2];
      int x3 = levels[from + k + 3];
      packed[to + k + 1] = BlockTileKernel.twice(x0);
      packed[to + k + 2] = BlockTileKernel.twice(x1 - 16 * x0);
      packed[to + k + 3] = BlockTileKernel.twice(x2 - 16 * x1);
      packed[to + k + 4] = BlockTileKernel.twice(x3 - 16 * x2);
      sum += x0 + x1 + x2 + x3;
    }
    packed[to] = BlockTileKernel.twice(-8 * sum);
  }

  private static void pack8(int[] levels, int from, int[] packed, int to) {
    for (int k = 0; k < BLOCK; k++) {
      packed[to + k + 1] = BlockTileKernel.twice(levels[from + k]);
    }
  }

  static void run(
      BlockWeight w, int from, int to, BlockInputs inputs, float[] out, BlockScratch scratch) {
    BlockMatrix m = w.matrix();
    float[] sums = scratch.sums(2 * ROWS);
    int half = (to - from + 1) / 2;
    for (int panel = from; panel < from + half; panel++) {
      int other = Math.min(panel + half, to - 1);
      for (int row = 0; row < HALF; row += Lanes.WIDTH) {
        long p = panel * m.panelBytes() + 4L * row;
        long q = other * m.panelBytes() + 4L * row;
        if (m.bits() == 4) {
          two4(m.segment(), p, q, inputs.packed, inputs.scales, w.blocks(), sums, row);
        } else {
          two8(m.segment(), p, q, inputs.packed, inputs.scales, w.blocks(), sums, row);
        }
      }
      store(sums, 0, panel, m.rows(), out);
      store(sums, ROWS, other, m.rows(), out);
    }
  }

  private static void store(float[] sums, int at, int panel, int rows, float[] out) {
    System.arraycopy(sums, at, out, panel * ROWS, Math.min(ROWS, rows - panel * ROWS));
  }

  private static void two4(
      MemorySegment m,
      long p,
      long q,
      int[] x,
      float[] xScales,
      int blocks,
      float[] sums,
      int row) {
    FloatVector pEven = FloatVector.zero(Lanes.F32);
    FloatVector pOdd = pEven;
    FloatVector qEven = pEven;
    FloatVector qOdd = pEven;
    int at = 0;
    for (int block = 0; block < blocks; block++) {
      ShortVector a = IntVector.broadcast(Lanes.I32, x[at]).reinterpretAsShorts();
      ShortVector b = a;
      at++;
      for (int k = 0; k < BLOCK; k += 4) {
        ShortVector v = ShortVector.fromMemorySegment(BlockVectors.S16, m, p, LITTLE_ENDIAN);
        ShortVector w = ShortVector.fromMemorySegment(BlockVectors.S16, m, q, LITTLE_ENDIAN);
        ShortVector x0 = IntVector.broadcast(Lanes.I32, x[at]).reinterpretAsShorts();
        a = a.add(v.mul(x0));
        b = b.add(w.mul(x0));
        ShortVector x1 = IntVector.broadcast(Lanes.I32, x[at + 1]).reinterpretAsShorts();
        a = a.add(v.lanewise(VectorOperators.LSHR, 4).mul(x1));
        b = b.add(w.lanewise(VectorOperators.LSHR, 4).mul(x1));
        ShortVector x2 = IntVector.broadcast(Lanes.I32, x[at + 2]).reinterpretAsShorts();
        a = a.add(v.lanewise(VectorOperators.LSHR, 8).mul(x2));
        b = b.add(w.lanewise(VectorOperators.LSHR, 8).mul(x2));
        ShortVector x3 = IntVector.broadcast(Lanes.I32, x[at + 3]).reinterpretAsShorts();
        a = a.add(v.lanewise(VectorOperators.LSHR, 12).mul(x3));
        b = b.add(w.lanewise(VectorOperators.LSHR, 12).mul(x3));
        p += LINE_BYTES;
        q += LINE_BYTES;
        at += 4;
      }
      float xScale = xScales[block];
      IntVector pScales = IntVector.fromMemorySegment(Lanes.I32, m, p, LITTLE_ENDIAN);
      IntVector qScales = IntVector.fromMemorySegment(Lanes.I32, m, q, LITTLE_ENDIAN);
      pEven =
          ((FloatVector)
                  a.reinterpretAsInts()
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(
                  pScales.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().mul(xScale),
                  pEven);
      pOdd =
          ((FloatVector)
                  a.reinterpretAsInts()
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(pScales.and(0xffff0000).reinterpretAsFloats().mul(xScale), pOdd);
      qEven =
          ((FloatVector)
                  b.reinterpretAsInts()
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(
                  qScales.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().mul(xScale),
                  qEven);
      qOdd =
          ((FloatVector)
                  b.reinterpretAsInts()
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(qScales.and(0xffff0000).reinterpretAsFloats().mul(xScale), qOdd);
      p += LINE_BYTES;
      q += LINE_BYTES;
    }
    pEven.intoArray(sums, row);
    pOdd.intoArray(sums, row + HALF);
    qEven.intoArray(sums, row + ROWS);
    qOdd.intoArray(sums, row + ROWS + HALF);
  }

  /** As {@link BlockTileKernel}: pairs of products, and whole sums in 32 bits. */
  private static void two8(
      MemorySegment m,
      long p,
      long q,
      int[] x,
      float[] xScales,
      int blocks,
      float[] sums,
      int row) {
    FloatVector pEven = FloatVector.zero(Lanes.F32);
    FloatVector pOdd = pEven;
    FloatVector qEven = pEven;
    FloatVector qOdd = pEven;
    int at = 0;
    for (int block = 0; block < blocks; block++) {
      IntVector a = BlockVectors.pairsStart();
      IntVector aOdd = IntVector.zero(Lanes.I32);
      IntVector b = a;
      IntVector bOdd = aOdd;
      at++;
      for (int k = 0; k < BLOCK; k += 2) {
        ShortVector x0 = IntVector.broadcast(Lanes.I32, x[at]).reinterpretAsShorts();
        ShortVector x1 = IntVector.broadcast(Lanes.I32, x[at + 1]).reinterpretAsShorts();
        ShortVector vWord = ShortVector.fromMemorySegment(BlockVectors.S16, m, p, LITTLE_ENDIAN);
        ShortVector vLow =
            vWord.lanewise(VectorOperators.LSHL, 8).lanewise(VectorOperators.ASHR, 8).mul(x0);
        IntVector v = vWord.lanewise(VectorOperators.ASHR, 8).mul(x1).add(vLow).reinterpretAsInts();
        a = a.add(v.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        aOdd = aOdd.add(v.lanewise(VectorOperators.ASHR, 16));
        ShortVector wWord = ShortVector.fromMemorySegment(BlockVectors.S16, m, q, LITTLE_ENDIAN);
        ShortVector wLow =
            wWord.lanewise(VectorOperators.LSHL, 8).lanewise(VectorOperators.ASHR, 8).mul(x0);
        IntVector w = wWord.lanewise(VectorOperators.ASHR, 8).mul(x1).add(wLow).reinterpretAsInts();
        b = b.add(w.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        bOdd = bOdd.add(w.lanewise(VectorOperators.ASHR, 16));
        p += LINE_BYTES;
        q += LINE_BYTES;
        at += 2;
      }
      float xScale = xScales[block];
      IntVector pScales = IntVector.fromMemorySegment(Lanes.I32, m, p, LITTLE_ENDIAN);
      IntVector qScales = IntVector.fromMemorySegment(Lanes.I32, m, q, LITTLE_ENDIAN);
      pEven =
          ((FloatVector)
                  a.sub(aOdd.lanewise(VectorOperators.LSHL, 16)).convert(VectorOperators.I2F, 0))
              .fma(
                  pScales.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().mul(xScale),
                  pEven);
      pOdd =
          ((FloatVector) aOdd.convert(VectorOperators.I2F, 0))
              .fma(pScales.and(0xffff0000).reinterpretAsFloats().mul(xScale), pOdd);
      qEven =
          ((FloatVector)
                  b.sub(bOdd.lanewise(VectorOperators.LSHL, 16)).convert(VectorOperators.I2F, 0))
              .fma(
                  qScales.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().mul(xScale),
                  qEven);
      qOdd =
          ((FloatVector) bOdd.convert(VectorOperators.I2F, 0))
              .fma(qScales.and(0xffff0000).reinterpretAsFloats().mul(xScale), qOdd);
      p += LINE_BYTES;
      q += LINE_BYTES;
    }
    pEven.intoArray(sums, row);
    pOdd.intoArray(sums, row + HALF);
    qEven.intoArray(sums, row + ROWS);
    qOdd.intoArray(sums, row + ROWS + HALF);
  }
}
