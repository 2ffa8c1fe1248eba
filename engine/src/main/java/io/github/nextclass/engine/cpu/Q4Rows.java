package io.github.nextclass.engine.cpu;

import static io.github.nextclass.engine.cpu.BlockRowKernel.TOKENS;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.github.nextclass.engine.quant.BlockMatrix;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The loops of {@link BlockRowKernel} in q4. The four levels of a word are not parted by masks.
 * With {@code W0} the word, {@code W1, W2, W3} the word shifted right by 4, 8 and 12 bits, a level
 * is a difference, and the sum can be gathered by words, all modulo 2^16:
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
 * <p>Vector methods are called without helpers, for the reason that {@link MatrixKernel} gives.
 */
final class Q4Rows {
  private static final int ROWS = BlockMatrix.ROWS;
  private static final int HALF = ROWS / 2;
  private static final int BLOCK = BlockMatrix.BLOCK;
  private static final long LINE_BYTES = ROWS * Short.BYTES;

  /** Words of a block and an output. */
  private static final int WORDS = BLOCK / 4;

  private Q4Rows() {}

  /** Two panels by one token, from {@code p} and {@code q} on. */
  static void one(
      MemorySegment m,
      long p,
      long q,
      int[] x,
      int at,
      float[] xScales,
      int scaleAt,
      int blocks,
      float[] sums,
      int row) {
    FloatVector pEven = FloatVector.zero(Lanes.F32);
    FloatVector pOdd = pEven;
    FloatVector qEven = pEven;
    FloatVector qOdd = pEven;
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
      float xScale = xScales[scaleAt + block];
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

  /** Two panels by four tokens. */
  static void four(
      MemorySegment m,
      long p,
      long q,
      int[] x,
      int at,
      float[] xScales,
      int scaleAt,
      int blocks,
      float[] sums,
      int row) {
    FloatVector pEven0 = FloatVector.zero(Lanes.F32);
    FloatVector pOdd0 = pEven0;
    FloatVector pEven1 = pEven0;
    FloatVector pOdd1 = pEven0;
    FloatVector pEven2 = pEven0;
    FloatVector pOdd2 = pEven0;
    FloatVector pEven3 = pEven0;
    FloatVector pOdd3 = pEven0;
    FloatVector qEven0 = pEven0;
    FloatVector qOdd0 = pEven0;
    FloatVector qEven1 = pEven0;
    FloatVector qOdd1 = pEven0;
    FloatVector qEven2 = pEven0;
    FloatVector qOdd2 = pEven0;
    FloatVector qEven3 = pEven0;
    FloatVector qOdd3 = pEven0;
    for (int block = 0; block < blocks; block++) {
      ShortVector p0 = IntVector.broadcast(Lanes.I32, x[at]).reinterpretAsShorts();
      ShortVector q0 = p0;
      ShortVector p1 = IntVector.broadcast(Lanes.I32, x[at + 1]).reinterpretAsShorts();
      ShortVector q1 = p1;
      ShortVector p2 = IntVector.broadcast(Lanes.I32, x[at + 2]).reinterpretAsShorts();
      ShortVector q2 = p2;
      ShortVector p3 = IntVector.broadcast(Lanes.I32, x[at + 3]).reinterpretAsShorts();
      ShortVector q3 = p3;
      at += TOKENS;
      for (int shift = 0; shift < Short.SIZE; shift += Byte.SIZE) { // W0 and W1, then W2 and W3
        for (int k = 0; k < WORDS; k++) {
          ShortVector v =
              ShortVector.fromMemorySegment(BlockVectors.S16, m, p + k * LINE_BYTES, LITTLE_ENDIAN)
                  .lanewise(VectorOperators.LSHR, shift);
          ShortVector w =
              ShortVector.fromMemorySegment(BlockVectors.S16, m, q + k * LINE_BYTES, LITTLE_ENDIAN)
                  .lanewise(VectorOperators.LSHR, shift);
          ShortVector x00 = IntVector.broadcast(Lanes.I32, x[at]).reinterpretAsShorts();
          p0 = p0.add(v.mul(x00));
          q0 = q0.add(w.mul(x00));
          ShortVector x01 = IntVector.broadcast(Lanes.I32, x[at + 1]).reinterpretAsShorts();
          p1 = p1.add(v.mul(x01));
          q1 = q1.add(w.mul(x01));
          ShortVector x02 = IntVector.broadcast(Lanes.I32, x[at + 2]).reinterpretAsShorts();
          p2 = p2.add(v.mul(x02));
          q2 = q2.add(w.mul(x02));
          ShortVector x03 = IntVector.broadcast(Lanes.I32, x[at + 3]).reinterpretAsShorts();
          p3 = p3.add(v.mul(x03));
          q3 = q3.add(w.mul(x03));
          v = v.lanewise(VectorOperators.LSHR, 4);
          w = w.lanewise(VectorOperators.LSHR, 4);
          ShortVector x10 = IntVector.broadcast(Lanes.I32, x[at + 4]).reinterpretAsShorts();
          p0 = p0.add(v.mul(x10));
          q0 = q0.add(w.mul(x10));
          ShortVector x11 = IntVector.broadcast(Lanes.I32, x[at + 5]).reinterpretAsShorts();
          p1 = p1.add(v.mul(x11));
          q1 = q1.add(w.mul(x11));
          ShortVector x12 = IntVector.broadcast(Lanes.I32, x[at + 6]).reinterpretAsShorts();
          p2 = p2.add(v.mul(x12));
          q2 = q2.add(w.mul(x12));
          ShortVector x13 = IntVector.broadcast(Lanes.I32, x[at + 7]).reinterpretAsShorts();
          p3 = p3.add(v.mul(x13));
          q3 = q3.add(w.mul(x13));
          at += 2 * TOKENS;
        }
      }
      p += WORDS * LINE_BYTES;
      q += WORDS * LINE_BYTES;
      IntVector pScales = IntVector.fromMemorySegment(Lanes.I32, m, p, LITTLE_ENDIAN);
      FloatVector pEven = pScales.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector pOdd = pScales.and(0xffff0000).reinterpretAsFloats();
      pEven0 =
          ((FloatVector)
                  p0.reinterpretAsInts()
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(pEven.mul(xScales[scaleAt]), pEven0);
      pOdd0 =
          ((FloatVector)
                  p0.reinterpretAsInts()
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(pOdd.mul(xScales[scaleAt]), pOdd0);
      pEven1 =
          ((FloatVector)
                  p1.reinterpretAsInts()
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(pEven.mul(xScales[scaleAt + 1]), pEven1);
      pOdd1 =
          ((FloatVector)
                  p1.reinterpretAsInts()
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(pOdd.mul(xScales[scaleAt + 1]), pOdd1);
      pEven2 =
          ((FloatVector)
                  p2.reinterpretAsInts()
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(pEven.mul(xScales[scaleAt + 2]), pEven2);
      pOdd2 =
          ((FloatVector)
                  p2.reinterpretAsInts()
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(pOdd.mul(xScales[scaleAt + 2]), pOdd2);
      pEven3 =
          ((FloatVector)
                  p3.reinterpretAsInts()
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(pEven.mul(xScales[scaleAt + 3]), pEven3);
      pOdd3 =
          ((FloatVector)
                  p3.reinterpretAsInts()
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(pOdd.mul(xScales[scaleAt + 3]), pOdd3);
      IntVector qScales = IntVector.fromMemorySegment(Lanes.I32, m, q, LITTLE_ENDIAN);
      FloatVector qEven = qScales.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector qOdd = qScales.and(0xffff0000).reinterpretAsFloats();
      qEven0 =
          ((FloatVector)
                  q0.reinterpretAsInts()
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(qEven.mul(xScales[scaleAt]), qEven0);
      qOdd0 =
          ((FloatVector)
                  q0.reinterpretAsInts()
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(qOdd.mul(xScales[scaleAt]), qOdd0);
      qEven1 =
          ((FloatVector)
                  q1.reinterpretAsInts()
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(qEven.mul(xScales[scaleAt + 1]), qEven1);
      qOdd1 =
          ((FloatVector)
                  q1.reinterpretAsInts()
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(qOdd.mul(xScales[scaleAt + 1]), qOdd1);
      qEven2 =
          ((FloatVector)
                  q2.reinterpretAsInts()
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(qEven.mul(xScales[scaleAt + 2]), qEven2);
      qOdd2 =
          ((FloatVector)
                  q2.reinterpretAsInts()
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(qOdd.mul(xScales[scaleAt + 2]), qOdd2);
      qEven3 =
          ((FloatVector)
                  q3.reinterpretAsInts()
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(qEven.mul(xScales[scaleAt + 3]), qEven3);
      qOdd3 =
          ((FloatVector)
                  q3.reinterpretAsInts()
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(qOdd.mul(xScales[scaleAt + 3]), qOdd3);
      p += LINE_BYTES;
      q += LINE_BYTES;
      scaleAt += TOKENS;
    }
    pEven0.intoArray(sums, row);
    pOdd0.intoArray(sums, row + HALF);
    pEven1.intoArray(sums, row + ROWS);
    pOdd1.intoArray(sums, row + ROWS + HALF);
    pEven2.intoArray(sums, row + 2 * ROWS);
    pOdd2.intoArray(sums, row + 2 * ROWS + HALF);
    pEven3.intoArray(sums, row + 3 * ROWS);
    pOdd3.intoArray(sums, row + 3 * ROWS + HALF);
    qEven0.intoArray(sums, row + TOKENS * ROWS);
    qOdd0.intoArray(sums, row + TOKENS * ROWS + HALF);
    qEven1.intoArray(sums, row + TOKENS * ROWS + ROWS);
    qOdd1.intoArray(sums, row + TOKENS * ROWS + ROWS + HALF);
    qEven2.intoArray(sums, row + TOKENS * ROWS + 2 * ROWS);
    qOdd2.intoArray(sums, row + TOKENS * ROWS + 2 * ROWS + HALF);
    qEven3.intoArray(sums, row + TOKENS * ROWS + 3 * ROWS);
    qOdd3.intoArray(sums, row + TOKENS * ROWS + 3 * ROWS + HALF);
  }
}
