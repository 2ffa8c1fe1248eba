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
 * The loops of {@link BlockRowKernel} in q8. The products of one token are 16 bits wide, those of
 * four tokens floats, as in {@link BlockTileKernel}: there the levels are worth their conversion.
 *
 * <p>Vector methods are called without helpers, for the reason that {@link MatrixKernel} gives.
 */
final class Q8Rows {
  private static final int ROWS = BlockMatrix.ROWS;
  private static final int HALF = ROWS / 2;
  private static final int BLOCK = BlockMatrix.BLOCK;
  private static final long LINE_BYTES = ROWS * Short.BYTES;

  private Q8Rows() {}

  /**
   * Two panels by one token. Two products fit 16 bits (32,258), then they are widened. A pair of
   * lanes as an int is | odd | even |. With the sign bit of the even half turned over, which adds
   * 32,768 to it and makes it positive, modulo 2^32
   *
   * <pre>
   *   A += pair ^ 0x8000       odd * 65536 + even + 32768
   *   B += pair &gt;&gt; 16          odd
   *   so with A from -16 * 32768 the even sum is A - (B &lt;&lt; 16): an operation less than parting the halves
   * </pre>
   */
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
      float xScale = xScales[scaleAt + block];
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

  /** One panel by four tokens, in floats: their sums are exact. */
  static void four(
      MemorySegment m,
      long p,
      float[] x,
      int at,
      float[] xScales,
      int scaleAt,
      int blocks,
      float[] sums,
      int row) {
    FloatVector even0 = FloatVector.zero(Lanes.F32);
    FloatVector odd0 = even0;
    FloatVector even1 = even0;
    FloatVector odd1 = even0;
    FloatVector even2 = even0;
    FloatVector odd2 = even0;
    FloatVector even3 = even0;
    FloatVector odd3 = even0;
    for (int block = 0; block < blocks; block++) {
      FloatVector v0 = FloatVector.zero(Lanes.F32);
      FloatVector w0 = v0;
      FloatVector v1 = v0;
      FloatVector w1 = v0;
      FloatVector v2 = v0;
      FloatVector w2 = v0;
      FloatVector v3 = v0;
      FloatVector w3 = v0;
      for (int k = 0; k < BLOCK / 2; k++) { // lower bytes
        IntVector word =
            IntVector.fromMemorySegment(Lanes.I32, m, p + k * LINE_BYTES, LITTLE_ENDIAN);
        FloatVector v =
            (FloatVector)
                word.lanewise(VectorOperators.LSHL, 24)
                    .lanewise(VectorOperators.ASHR, 24)
                    .convert(VectorOperators.I2F, 0);
        FloatVector w =
            (FloatVector)
                word.lanewise(VectorOperators.LSHL, 8)
                    .lanewise(VectorOperators.ASHR, 24)
                    .convert(VectorOperators.I2F, 0);
        FloatVector x0 = FloatVector.broadcast(Lanes.F32, x[at + 0]);
        v0 = v.fma(x0, v0);
        w0 = w.fma(x0, w0);
        FloatVector x1 = FloatVector.broadcast(Lanes.F32, x[at + 1]);
        v1 = v.fma(x1, v1);
        w1 = w.fma(x1, w1);
        FloatVector x2 = FloatVector.broadcast(Lanes.F32, x[at + 2]);
        v2 = v.fma(x2, v2);
        w2 = w.fma(x2, w2);
        FloatVector x3 = FloatVector.broadcast(Lanes.F32, x[at + 3]);
        v3 = v.fma(x3, v3);
        w3 = w.fma(x3, w3);
        at += TOKENS;
      }
      for (int k = 0; k < BLOCK / 2; k++) { // higher bytes
        IntVector word =
            IntVector.fromMemorySegment(Lanes.I32, m, p + k * LINE_BYTES, LITTLE_ENDIAN);
        FloatVector v =
            (FloatVector)
                word.lanewise(VectorOperators.LSHL, 16)
                    .lanewise(VectorOperators.ASHR, 24)
                    .convert(VectorOperators.I2F, 0);
        FloatVector w =
            (FloatVector) word.lanewise(VectorOperators.ASHR, 24).convert(VectorOperators.I2F, 0);
        FloatVector x0 = FloatVector.broadcast(Lanes.F32, x[at + 0]);
        v0 = v.fma(x0, v0);
        w0 = w.fma(x0, w0);
        FloatVector x1 = FloatVector.broadcast(Lanes.F32, x[at + 1]);
        v1 = v.fma(x1, v1);
        w1 = w.fma(x1, w1);
        FloatVector x2 = FloatVector.broadcast(Lanes.F32, x[at + 2]);
        v2 = v.fma(x2, v2);
        w2 = w.fma(x2, w2);
        FloatVector x3 = FloatVector.broadcast(Lanes.F32, x[at + 3]);
        v3 = v.fma(x3, v3);
        w3 = w.fma(x3, w3);
        at += TOKENS;
      }
      p += BLOCK / 2 * LINE_BYTES;
      IntVector scales = IntVector.fromMemorySegment(Lanes.I32, m, p, LITTLE_ENDIAN);
      FloatVector even = scales.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector odd = scales.and(0xffff0000).reinterpretAsFloats();
      even0 = v0.fma(even.mul(xScales[scaleAt]), even0);
      odd0 = w0.fma(odd.mul(xScales[scaleAt]), odd0);
      even1 = v1.fma(even.mul(xScales[scaleAt + 1]), even1);
      odd1 = w1.fma(odd.mul(xScales[scaleAt + 1]), odd1);
      even2 = v2.fma(even.mul(xScales[scaleAt + 2]), even2);
      odd2 = w2.fma(odd.mul(xScales[scaleAt + 2]), odd2);
      even3 = v3.fma(even.mul(xScales[scaleAt + 3]), even3);
      odd3 = w3.fma(odd.mul(xScales[scaleAt + 3]), odd3);
      p += LINE_BYTES;
      scaleAt += TOKENS;
    }
    even0.intoArray(sums, row);
    odd0.intoArray(sums, row + HALF);
    even1.intoArray(sums, row + ROWS);
    odd1.intoArray(sums, row + ROWS + HALF);
    even2.intoArray(sums, row + 2 * ROWS);
    odd2.intoArray(sums, row + 2 * ROWS + HALF);
    even3.intoArray(sums, row + 3 * ROWS);
    odd3.intoArray(sums, row + 3 * ROWS + HALF);
  }
}
