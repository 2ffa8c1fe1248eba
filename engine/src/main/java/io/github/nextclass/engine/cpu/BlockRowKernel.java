package io.github.nextclass.engine.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.github.nextclass.engine.quant.BlockMatrix;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products of q8 and q4 weights with a few tokens, straight from where the weights lie: decode, a
 * batch, a short prompt. Two panels go together, half of the range apart, so that the prefetcher
 * sees two long streams. One token is broadcast once for both; four tokens go through one after the
 * other, which parts a word into levels once for four.
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
  /** Tokens that go through a panel together. */
  static final int TOKENS = 4;

  /** Packed ints of a block and a token: where the sum starts, then 32 factors. */
  static final int PACKED = BlockMatrix.BLOCK + 1;

  private static final int ROWS = BlockMatrix.ROWS;
  private static final int HALF = ROWS / 2;
  private static final int BLOCK = BlockMatrix.BLOCK;
  private static final int LINE_BYTES = ROWS * Short.BYTES;

  private BlockRowKernel() {}

  /** Tokens that there is room for when so many are packed. */
  static int room(int tokens) {
    return (tokens + TOKENS - 1) / TOKENS * TOKENS;
  }

  /** Whether the tokens from {@code first} on go as four; only one that is left over does not. */
  private static boolean asFour(int first, int tokens) {
    return tokens - first > 1;
  }

  /**
   * Four tokens lie side by side, number by number. Places behind the last token hold what was
   * there before: whole numbers, whose results nobody takes.
   */
  static void pack(BlockInputs inputs, int bits, int token) {
    int blocks = inputs.blocks();
    int first = token / TOKENS * TOKENS;
    int step = asFour(first, inputs.tokens) ? TOKENS : 1;
    for (int block = 0; block < blocks; block++) {
      int from = token * inputs.columns + block * BLOCK;
      int place = first * blocks + step * block;
      inputs.packedScales[place + token - first] = inputs.scales[token * blocks + block];
      int to = place * PACKED + token - first;
      if (bits == 4) {
        pack4(inputs.levels, from, inputs.packed, to, step);
      } else {
        pack8(inputs.levels, from, inputs.packed, to, step);
      }
    }
  }

  private static void pack4(int[] levels, int from, int[] packed, int to, int step) {
    int sum = 0;
    int at = to;
    for (int k = 0; k < BLOCK; k += 4) {
      int x0 = levels[from + k];
      int x1 = levels[from + k + 1];
      int x2 = levels[from + k + 2];
      int x3 = levels[from + k + 3];
      packed[at + step] = BlockTileKernel.twice(x0);
      packed[at + 2 * step] = BlockTileKernel.twice(x1 - 16 * x0);
      packed[at + 3 * step] = BlockTileKernel.twice(x2 - 16 * x1);
      packed[at + 4 * step] = BlockTileKernel.twice(x3 - 16 * x2);
      at += 4 * step;
      sum += x0 + x1 + x2 + x3;
    }
    packed[to] = BlockTileKernel.twice(-8 * sum);
  }

  private static void pack8(int[] levels, int from, int[] packed, int to, int step) {
    for (int k = 0; k < BLOCK; k++) {
      packed[to + (k + 1) * step] = BlockTileKernel.twice(levels[from + k]);
    }
  }

  static void run(
      BlockWeight w, int from, int to, BlockInputs inputs, float[] out, BlockScratch scratch) {
    float[] sums = scratch.sums(TOKENS * ROWS);
    int half = (to - from + 1) / 2;
    for (int panel = from; panel < from + half; panel++) {
      int other = Math.min(panel + half, to - 1);
      for (int token = 0; token < inputs.tokens; token += TOKENS) {
        if (asFour(token, inputs.tokens)) {
          four(w, panel, inputs, token, sums, out);
          four(w, other, inputs, token, sums, out);
        } else {
          two(w, panel, other, inputs, token, sums, out);
        }
      }
    }
  }

  private static void two(
      BlockWeight w,
      int panel,
      int other,
      BlockInputs inputs,
      int token,
      float[] sums,
      float[] out) {
    BlockMatrix m = w.matrix();
    int x = token * w.blocks() * PACKED;
    int scale = token * w.blocks();
    for (int row = 0; row < HALF; row += Lanes.WIDTH) {
      long p = panel * m.panelBytes() + 4L * row;
      long q = other * m.panelBytes() + 4L * row;
      if (m.bits() == 4) {
        two4(
            m.segment(), p, q, inputs.packed, x, inputs.packedScales, scale, w.blocks(), sums, row);
      } else {
        two8(
            m.segment(), p, q, inputs.packed, x, inputs.packedScales, scale, w.blocks(), sums, row);
      }
    }
    store(sums, 0, panel, m.rows(), out, token);
    store(sums, ROWS, other, m.rows(), out, token);
  }

  private static void four(
      BlockWeight w, int panel, BlockInputs inputs, int token, float[] sums, float[] out) {
    BlockMatrix m = w.matrix();
    int x = token * w.blocks() * PACKED;
    int scale = token * w.blocks();
    for (int row = 0; row < HALF; row += Lanes.WIDTH) {
      long p = panel * m.panelBytes() + 4L * row;
      if (m.bits() == 4) {
        four4(m.segment(), p, inputs.packed, x, inputs.packedScales, scale, w.blocks(), sums, row);
      } else {
        four8(m.segment(), p, inputs.packed, x, inputs.packedScales, scale, w.blocks(), sums, row);
      }
    }
    for (int i = 0; i < Math.min(TOKENS, inputs.tokens - token); i++) {
      store(sums, i * ROWS, panel, m.rows(), out, token + i);
    }
  }

  private static void store(float[] sums, int at, int panel, int rows, float[] out, int token) {
    int row = panel * ROWS;
    System.arraycopy(sums, at, out, token * rows + row, Math.min(ROWS, rows - row));
  }

  private static void two4(
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

  /** As {@link BlockTileKernel}: pairs of products, and whole sums in 32 bits. */
  private static void two8(
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

  private static void four4(
      MemorySegment m,
      long p,
      int[] x,
      int at,
      float[] xScales,
      int scaleAt,
      int blocks,
      float[] sums,
      int row) {
    FloatVector e0 = FloatVector.zero(Lanes.F32);
    FloatVector o0 = e0;
    FloatVector e1 = e0;
    FloatVector o1 = e0;
    FloatVector e2 = e0;
    FloatVector o2 = e0;
    FloatVector e3 = e0;
    FloatVector o3 = e0;
    for (int block = 0; block < blocks; block++) {
      ShortVector a0 = IntVector.broadcast(Lanes.I32, x[at]).reinterpretAsShorts();
      ShortVector a1 = IntVector.broadcast(Lanes.I32, x[at + 1]).reinterpretAsShorts();
      ShortVector a2 = IntVector.broadcast(Lanes.I32, x[at + 2]).reinterpretAsShorts();
      ShortVector a3 = IntVector.broadcast(Lanes.I32, x[at + 3]).reinterpretAsShorts();
      at += TOKENS;
      for (int k = 0; k < BLOCK; k += 4) {
        ShortVector w = ShortVector.fromMemorySegment(BlockVectors.S16, m, p, LITTLE_ENDIAN);
        a0 = a0.add(w.mul(IntVector.broadcast(Lanes.I32, x[at]).reinterpretAsShorts()));
        a1 = a1.add(w.mul(IntVector.broadcast(Lanes.I32, x[at + 1]).reinterpretAsShorts()));
        a2 = a2.add(w.mul(IntVector.broadcast(Lanes.I32, x[at + 2]).reinterpretAsShorts()));
        a3 = a3.add(w.mul(IntVector.broadcast(Lanes.I32, x[at + 3]).reinterpretAsShorts()));
        ShortVector w1 = w.lanewise(VectorOperators.LSHR, 4);
        a0 = a0.add(w1.mul(IntVector.broadcast(Lanes.I32, x[at + 4]).reinterpretAsShorts()));
        a1 = a1.add(w1.mul(IntVector.broadcast(Lanes.I32, x[at + 5]).reinterpretAsShorts()));
        a2 = a2.add(w1.mul(IntVector.broadcast(Lanes.I32, x[at + 6]).reinterpretAsShorts()));
        a3 = a3.add(w1.mul(IntVector.broadcast(Lanes.I32, x[at + 7]).reinterpretAsShorts()));
        ShortVector w2 = w.lanewise(VectorOperators.LSHR, 8);
        a0 = a0.add(w2.mul(IntVector.broadcast(Lanes.I32, x[at + 8]).reinterpretAsShorts()));
        a1 = a1.add(w2.mul(IntVector.broadcast(Lanes.I32, x[at + 9]).reinterpretAsShorts()));
        a2 = a2.add(w2.mul(IntVector.broadcast(Lanes.I32, x[at + 10]).reinterpretAsShorts()));
        a3 = a3.add(w2.mul(IntVector.broadcast(Lanes.I32, x[at + 11]).reinterpretAsShorts()));
        ShortVector w3 = w.lanewise(VectorOperators.LSHR, 12);
        a0 = a0.add(w3.mul(IntVector.broadcast(Lanes.I32, x[at + 12]).reinterpretAsShorts()));
        a1 = a1.add(w3.mul(IntVector.broadcast(Lanes.I32, x[at + 13]).reinterpretAsShorts()));
        a2 = a2.add(w3.mul(IntVector.broadcast(Lanes.I32, x[at + 14]).reinterpretAsShorts()));
        a3 = a3.add(w3.mul(IntVector.broadcast(Lanes.I32, x[at + 15]).reinterpretAsShorts()));
        p += LINE_BYTES;
        at += 4 * TOKENS;
      }
      IntVector scales = IntVector.fromMemorySegment(Lanes.I32, m, p, LITTLE_ENDIAN);
      FloatVector even = scales.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector odd = scales.and(0xffff0000).reinterpretAsFloats();
      e0 =
          ((FloatVector)
                  a0.reinterpretAsInts()
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(even.mul(xScales[scaleAt]), e0);
      o0 =
          ((FloatVector)
                  a0.reinterpretAsInts()
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(odd.mul(xScales[scaleAt]), o0);
      e1 =
          ((FloatVector)
                  a1.reinterpretAsInts()
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(even.mul(xScales[scaleAt + 1]), e1);
      o1 =
          ((FloatVector)
                  a1.reinterpretAsInts()
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(odd.mul(xScales[scaleAt + 1]), o1);
      e2 =
          ((FloatVector)
                  a2.reinterpretAsInts()
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(even.mul(xScales[scaleAt + 2]), e2);
      o2 =
          ((FloatVector)
                  a2.reinterpretAsInts()
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(odd.mul(xScales[scaleAt + 2]), o2);
      e3 =
          ((FloatVector)
                  a3.reinterpretAsInts()
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(even.mul(xScales[scaleAt + 3]), e3);
      o3 =
          ((FloatVector)
                  a3.reinterpretAsInts()
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(odd.mul(xScales[scaleAt + 3]), o3);
      p += LINE_BYTES;
      scaleAt += TOKENS;
    }
    e0.intoArray(sums, row);
    o0.intoArray(sums, row + HALF);
    e1.intoArray(sums, row + ROWS);
    o1.intoArray(sums, row + HALF + ROWS);
    e2.intoArray(sums, row + 2 * ROWS);
    o2.intoArray(sums, row + HALF + 2 * ROWS);
    e3.intoArray(sums, row + 3 * ROWS);
    o3.intoArray(sums, row + HALF + 3 * ROWS);
  }

  /** As {@link #two8}. */
  private static void four8(
      MemorySegment m,
      long p,
      int[] x,
      int at,
      float[] xScales,
      int scaleAt,
      int blocks,
      float[] sums,
      int row) {
    FloatVector e0 = FloatVector.zero(Lanes.F32);
    FloatVector o0 = e0;
    FloatVector e1 = e0;
    FloatVector o1 = e0;
    FloatVector e2 = e0;
    FloatVector o2 = e0;
    FloatVector e3 = e0;
    FloatVector o3 = e0;
    for (int block = 0; block < blocks; block++) {
      IntVector a0 = BlockVectors.pairsStart();
      IntVector b0 = IntVector.zero(Lanes.I32);
      IntVector a1 = a0;
      IntVector b1 = b0;
      IntVector a2 = a0;
      IntVector b2 = b0;
      IntVector a3 = a0;
      IntVector b3 = b0;
      at += TOKENS;
      for (int k = 0; k < BLOCK; k += 2) {
        ShortVector word = ShortVector.fromMemorySegment(BlockVectors.S16, m, p, LITTLE_ENDIAN);
        ShortVector low = word.lanewise(VectorOperators.LSHL, 8).lanewise(VectorOperators.ASHR, 8);
        ShortVector high = word.lanewise(VectorOperators.ASHR, 8);
        IntVector v0 =
            low.mul(IntVector.broadcast(Lanes.I32, x[at]).reinterpretAsShorts())
                .add(high.mul(IntVector.broadcast(Lanes.I32, x[at + 4]).reinterpretAsShorts()))
                .reinterpretAsInts();
        a0 = a0.add(v0.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        b0 = b0.add(v0.lanewise(VectorOperators.ASHR, 16));
        IntVector v1 =
            low.mul(IntVector.broadcast(Lanes.I32, x[at + 1]).reinterpretAsShorts())
                .add(high.mul(IntVector.broadcast(Lanes.I32, x[at + 5]).reinterpretAsShorts()))
                .reinterpretAsInts();
        a1 = a1.add(v1.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        b1 = b1.add(v1.lanewise(VectorOperators.ASHR, 16));
        IntVector v2 =
            low.mul(IntVector.broadcast(Lanes.I32, x[at + 2]).reinterpretAsShorts())
                .add(high.mul(IntVector.broadcast(Lanes.I32, x[at + 6]).reinterpretAsShorts()))
                .reinterpretAsInts();
        a2 = a2.add(v2.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        b2 = b2.add(v2.lanewise(VectorOperators.ASHR, 16));
        IntVector v3 =
            low.mul(IntVector.broadcast(Lanes.I32, x[at + 3]).reinterpretAsShorts())
                .add(high.mul(IntVector.broadcast(Lanes.I32, x[at + 7]).reinterpretAsShorts()))
                .reinterpretAsInts();
        a3 = a3.add(v3.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        b3 = b3.add(v3.lanewise(VectorOperators.ASHR, 16));
        p += LINE_BYTES;
        at += 2 * TOKENS;
      }
      IntVector scales = IntVector.fromMemorySegment(Lanes.I32, m, p, LITTLE_ENDIAN);
      FloatVector even = scales.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector odd = scales.and(0xffff0000).reinterpretAsFloats();
      e0 =
          ((FloatVector)
                  a0.sub(b0.lanewise(VectorOperators.LSHL, 16)).convert(VectorOperators.I2F, 0))
              .fma(even.mul(xScales[scaleAt]), e0);
      o0 = ((FloatVector) b0.convert(VectorOperators.I2F, 0)).fma(odd.mul(xScales[scaleAt]), o0);
      e1 =
          ((FloatVector)
                  a1.sub(b1.lanewise(VectorOperators.LSHL, 16)).convert(VectorOperators.I2F, 0))
              .fma(even.mul(xScales[scaleAt + 1]), e1);
      o1 =
          ((FloatVector) b1.convert(VectorOperators.I2F, 0)).fma(odd.mul(xScales[scaleAt + 1]), o1);
      e2 =
          ((FloatVector)
                  a2.sub(b2.lanewise(VectorOperators.LSHL, 16)).convert(VectorOperators.I2F, 0))
              .fma(even.mul(xScales[scaleAt + 2]), e2);
      o2 =
          ((FloatVector) b2.convert(VectorOperators.I2F, 0)).fma(odd.mul(xScales[scaleAt + 2]), o2);
      e3 =
          ((FloatVector)
                  a3.sub(b3.lanewise(VectorOperators.LSHL, 16)).convert(VectorOperators.I2F, 0))
              .fma(even.mul(xScales[scaleAt + 3]), e3);
      o3 =
          ((FloatVector) b3.convert(VectorOperators.I2F, 0)).fma(odd.mul(xScales[scaleAt + 3]), o3);
      p += LINE_BYTES;
      scaleAt += TOKENS;
    }
    e0.intoArray(sums, row);
    o0.intoArray(sums, row + HALF);
    e1.intoArray(sums, row + ROWS);
    o1.intoArray(sums, row + HALF + ROWS);
    e2.intoArray(sums, row + 2 * ROWS);
    o2.intoArray(sums, row + HALF + 2 * ROWS);
    e3.intoArray(sums, row + 3 * ROWS);
    o3.intoArray(sums, row + HALF + 3 * ROWS);
  }
}
