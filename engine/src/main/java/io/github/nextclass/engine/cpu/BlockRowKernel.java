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
 * sees two long streams. What is broadcast is used for both, and four tokens pass a word together.
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
 * <p>In q8 the products of one token are 16 bits wide, those of four tokens floats, as in {@link
 * BlockTileKernel}: there the levels are worth their conversion.
 *
 * <p>Four tokens pass a block twice: the first time its lower bytes, then the higher ones, and
 * their inputs lie in that order. One pass needs more registers than the 16 of AVX2, and sums would
 * go through memory in the innermost loop: a batch of 8 took 95 ms in q8, and takes 71.
 *
 * <p>The hot methods call vector methods themselves, for the reason that {@link MatrixKernel}
 * gives.
 */
final class BlockRowKernel {
  /** Tokens that go through a panel together. */
  private static final int TOKENS = 4;

  /** Packed ints of a block and a token: where the sum starts, then 32 factors. */
  private static final int PACKED = BlockMatrix.BLOCK + 1;

  private static final int ROWS = BlockMatrix.ROWS;
  private static final int HALF = ROWS / 2;
  private static final int BLOCK = BlockMatrix.BLOCK;

  /** Words of a block and an output in q4. */
  private static final int WORDS_4 = BLOCK / 4;

  private static final long LINE_BYTES = ROWS * Short.BYTES;

  private BlockRowKernel() {}

  /** Makes room in inputs that are quantised. */
  static void prepare(BlockInputs inputs, int bits) {
    int length = (inputs.tokens + TOKENS - 1) / TOKENS * TOKENS;
    inputs.preparePacked(inputs.tokens, inputs.columns, length, PACKED, bits == 8 ? BLOCK : 0);
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
      } else if (step == 1) {
        pack8(inputs.levels, from, inputs.packed, to);
      } else {
        packFloats(inputs.levels, from, inputs.packedFloats, place * BLOCK + token - first);
      }
    }
  }

  private static void pack4(int[] levels, int from, int[] packed, int to, int step) {
    int sum = 0;
    int half = BLOCK / 2;
    for (int word = 0; word < WORDS_4; word++) {
      int before = 0;
      for (int i = 0; i < 4; i++) {
        int x = levels[from + 4 * word + i];
        int place = step == 1 ? 4 * word + i : i / 2 * half + 2 * word + i % 2;
        packed[to + (1 + place) * step] = twice(x - 16 * before);
        before = x;
        sum += x;
      }
    }
    packed[to] = twice(-8 * sum);
  }

  private static void pack8(int[] levels, int from, int[] packed, int to) {
    for (int k = 0; k < BLOCK; k++) {
      packed[to + k + 1] = twice(levels[from + k]);
    }
  }

  private static void packFloats(int[] levels, int from, float[] packed, int to) {
    for (int k = 0; k < BLOCK; k++) {
      int place = k % 2 * (BLOCK / 2) + k / 2; // lower bytes first
      packed[to + place * TOKENS] = levels[from + k];
    }
  }

  /** In both halves of an int. */
  private static int twice(int level) {
    return (level << 16) | (level & 0xffff);
  }

  static void run(
      BlockWeight w, int from, int to, BlockInputs inputs, float[] out, BlockScratch scratch) {
    float[] sums = scratch.sums(2 * TOKENS * ROWS);
    int half = (to - from + 1) / 2;
    for (int panel = from; panel < from + half; panel++) {
      int other = Math.min(panel + half, to - 1);
      for (int token = 0; token < inputs.tokens; token += TOKENS) {
        if (asFour(token, inputs.tokens)) {
          four(w, panel, other, inputs, token, sums, out);
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
      BlockWeight w,
      int panel,
      int other,
      BlockInputs inputs,
      int token,
      float[] sums,
      float[] out) {
    BlockMatrix m = w.matrix();
    int scale = token * w.blocks();
    for (int row = 0; row < HALF; row += Lanes.WIDTH) {
      long p = panel * m.panelBytes() + 4L * row;
      long q = other * m.panelBytes() + 4L * row;
      if (m.bits() == 4) {
        int x = scale * PACKED;
        four4(
            m.segment(), p, q, inputs.packed, x, inputs.packedScales, scale, w.blocks(), sums, row);
      } else {
        float[] x = inputs.packedFloats;
        int at = scale * BLOCK;
        int next = row + TOKENS * ROWS;
        four8(m.segment(), p, x, at, inputs.packedScales, scale, w.blocks(), sums, row);
        four8(m.segment(), q, x, at, inputs.packedScales, scale, w.blocks(), sums, next);
      }
    }
    for (int i = 0; i < Math.min(TOKENS, inputs.tokens - token); i++) {
      store(sums, i * ROWS, panel, m.rows(), out, token + i);
      store(sums, (TOKENS + i) * ROWS, other, m.rows(), out, token + i);
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

  /**
   * Two products fit 16 bits (32,258), then they are widened. A pair of lanes as an int is | odd |
   * even |. With the sign bit of the even half turned over, which adds 32,768 to it and makes it
   * positive, modulo 2^32
   *
   * <pre>
   *   A += pair ^ 0x8000       odd * 65536 + even + 32768
   *   B += pair &gt;&gt; 16          odd
   *   so with A from -16 * 32768 the even sum is A - (B &lt;&lt; 16): an operation less than parting the halves
   * </pre>
   */
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
      for (int k = 0; k < WORDS_4; k++) { // W0 and W1
        ShortVector v =
            ShortVector.fromMemorySegment(BlockVectors.S16, m, p + k * LINE_BYTES, LITTLE_ENDIAN);
        ShortVector w =
            ShortVector.fromMemorySegment(BlockVectors.S16, m, q + k * LINE_BYTES, LITTLE_ENDIAN);
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
      for (int k = 0; k < WORDS_4; k++) { // W2 and W3
        ShortVector v =
            ShortVector.fromMemorySegment(BlockVectors.S16, m, p + k * LINE_BYTES, LITTLE_ENDIAN)
                .lanewise(VectorOperators.LSHR, 8);
        ShortVector w =
            ShortVector.fromMemorySegment(BlockVectors.S16, m, q + k * LINE_BYTES, LITTLE_ENDIAN)
                .lanewise(VectorOperators.LSHR, 8);
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
      p += WORDS_4 * LINE_BYTES;
      q += WORDS_4 * LINE_BYTES;
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

  /** Floats, as {@link BlockTileKernel}: their sums are exact. */
  private static void four8(
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
