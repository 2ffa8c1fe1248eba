package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.quant.BlockMatrix;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products of q8 and q4 weights with several tokens: 32 outputs by 6 tokens. Lanes of 16 bits are
 * outputs, twice as many as lanes of floats; inputs are broadcast, twice in an int.
 *
 * <pre>
 *   q4   32 products of a level (-8 .. 7) and an input (-127 .. 127) add up to 32,512 at most: a block fits a lane
 *   q8   two products do (32,258); a pair of lanes as an int is | odd | even |. With the sign bit of the even half
 *        turned over, which adds 32,768 to it and makes it positive, modulo 2^32
 *        A += pair ^ 0x8000       odd * 65536 + even + 32768
 *        B += pair &gt;&gt; 16          odd
 *        so with A from -16 * 32768 the even sum is A - (B &lt;&lt; 16): an operation less than parting the halves
 *
 *   levels   [block][32 inputs][32 lanes]     unpacked once for all tokens
 *   inputs   [tile][block][32 inputs][6 tokens]
 * </pre>
 *
 * <p>Float sums stay in registers over the whole row: 12 of them, 6 or 12 whole numbers, and what
 * is being multiplied. The hot methods call vector methods themselves, for the reason that {@link
 * MatrixKernel} gives.
 */
final class BlockTileKernel {
  static final int TOKENS = 6;

  private static final int ROWS = BlockMatrix.ROWS;
  private static final int HALF = ROWS / 2;
  private static final int BLOCK = BlockMatrix.BLOCK;

  /** Unpacked panels that tokens go through together; with the inputs they stay in cache. */
  private static final int LEVELS_TOGETHER = 128 * 1024;

  private BlockTileKernel() {}

  static int tiles(int tokens) {
    return (tokens + TOKENS - 1) / TOKENS;
  }

  /** Brings the levels of the tokens of a tile into order; those behind the last one are zero. */
  static void packTile(BlockInputs inputs, int tile) {
    int blocks = inputs.blocks();
    for (int i = 0; i < TOKENS; i++) {
      int token = tile * TOKENS + i;
      boolean there = token < inputs.tokens;
      for (int block = 0; block < blocks; block++) {
        int to = (tile * blocks + block) * TOKENS + i;
        inputs.packedScales[to] = there ? inputs.scales[token * blocks + block] : 0f;
        packBlock(inputs, there ? token * inputs.columns + block * BLOCK : -1, to - i, i);
      }
    }
  }

  private static void packBlock(BlockInputs inputs, int from, int block, int token) {
    int to = block * BLOCK + token;
    for (int k = 0; k < BLOCK; k++) {
      int level = from < 0 ? 0 : inputs.levels[from + k];
      inputs.packed[to + k * TOKENS] = twice(level);
    }
  }

  /** In both halves of an int. */
  static int twice(int level) {
    return (level << 16) | (level & 0xffff);
  }

  static void run(
      BlockWeight w, int from, int to, BlockInputs inputs, float[] out, BlockScratch scratch) {
    int columns = w.columns();
    int together = Math.clamp(LEVELS_TOGETHER / (columns * ROWS), 1, 8);
    short[] levels = scratch.levels(together * columns * ROWS);
    float[] scales = scratch.scales(together * w.blocks() * ROWS);
    float[] sums = scratch.sums(TOKENS * ROWS);
    for (int panel = from; panel < to; panel += together) {
      int count = Math.min(together, to - panel);
      for (int i = 0; i < count; i++) {
        BlockUnpack.panel(
            w.matrix(), panel + i, levels, i * columns * ROWS, scales, i * w.blocks() * ROWS);
      }
      for (int tile = 0; tile < tiles(inputs.tokens); tile++) {
        for (int i = 0; i < count; i++) {
          tile(w, i, levels, scales, inputs, tile, sums);
          store(sums, w.rows(), (panel + i) * ROWS, tile * TOKENS, inputs.tokens, out);
        }
      }
    }
  }

  private static void tile(
      BlockWeight w,
      int panel,
      short[] levels,
      float[] scales,
      BlockInputs inputs,
      int tile,
      float[] sums) {
    int blocks = w.blocks();
    int x = tile * blocks * BLOCK * TOKENS;
    for (int row = 0; row < HALF; row += Lanes.WIDTH) {
      int at = panel * w.columns() * ROWS + 2 * row;
      int rowAt = panel * blocks * ROWS + row;
      int scaleAt = tile * blocks * TOKENS;
      if (w.matrix().bits() == 4) {
        tile4(
            levels,
            at,
            scales,
            rowAt,
            inputs.packed,
            x,
            inputs.packedScales,
            scaleAt,
            blocks,
            sums,
            row);
      } else {
        tile8(
            levels,
            at,
            scales,
            rowAt,
            inputs.packed,
            x,
            inputs.packedScales,
            scaleAt,
            blocks,
            sums,
            row);
      }
    }
  }

  private static void store(
      float[] sums, int rows, int row, int firstToken, int tokens, float[] out) {
    int count = Math.min(ROWS, rows - row);
    for (int i = 0; i < Math.min(TOKENS, tokens - firstToken); i++) {
      System.arraycopy(sums, i * ROWS, out, (firstToken + i) * rows + row, count);
    }
  }

  private static void tile4(
      short[] levels,
      int at,
      float[] scales,
      int rowAt,
      int[] x,
      int xAt,
      float[] xScales,
      int scaleAt,
      int blocks,
      float[] sums,
      int to) {
    FloatVector e0 = FloatVector.zero(Lanes.F32);
    FloatVector o0 = e0;
    FloatVector e1 = e0;
    FloatVector o1 = e0;
    FloatVector e2 = e0;
    FloatVector o2 = e0;
    FloatVector e3 = e0;
    FloatVector o3 = e0;
    FloatVector e4 = e0;
    FloatVector o4 = e0;
    FloatVector e5 = e0;
    FloatVector o5 = e0;
    for (int block = 0; block < blocks; block++) {
      ShortVector a0 = ShortVector.zero(BlockVectors.S16);
      ShortVector a1 = a0;
      ShortVector a2 = a0;
      ShortVector a3 = a0;
      ShortVector a4 = a0;
      ShortVector a5 = a0;
      for (int k = 0; k < BLOCK; k++) {
        ShortVector w = ShortVector.fromArray(BlockVectors.S16, levels, at);
        a0 = a0.add(w.mul(IntVector.broadcast(Lanes.I32, x[xAt]).reinterpretAsShorts()));
        a1 = a1.add(w.mul(IntVector.broadcast(Lanes.I32, x[xAt + 1]).reinterpretAsShorts()));
        a2 = a2.add(w.mul(IntVector.broadcast(Lanes.I32, x[xAt + 2]).reinterpretAsShorts()));
        a3 = a3.add(w.mul(IntVector.broadcast(Lanes.I32, x[xAt + 3]).reinterpretAsShorts()));
        a4 = a4.add(w.mul(IntVector.broadcast(Lanes.I32, x[xAt + 4]).reinterpretAsShorts()));
        a5 = a5.add(w.mul(IntVector.broadcast(Lanes.I32, x[xAt + 5]).reinterpretAsShorts()));
        at += ROWS;
        xAt += TOKENS;
      }
      FloatVector even = FloatVector.fromArray(Lanes.F32, scales, rowAt);
      FloatVector odd = FloatVector.fromArray(Lanes.F32, scales, rowAt + HALF);
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
      e4 =
          ((FloatVector)
                  a4.reinterpretAsInts()
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(even.mul(xScales[scaleAt + 4]), e4);
      o4 =
          ((FloatVector)
                  a4.reinterpretAsInts()
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(odd.mul(xScales[scaleAt + 4]), o4);
      e5 =
          ((FloatVector)
                  a5.reinterpretAsInts()
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(even.mul(xScales[scaleAt + 5]), e5);
      o5 =
          ((FloatVector)
                  a5.reinterpretAsInts()
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(odd.mul(xScales[scaleAt + 5]), o5);
      rowAt += ROWS;
      scaleAt += TOKENS;
    }
    e0.intoArray(sums, to);
    o0.intoArray(sums, to + HALF);
    e1.intoArray(sums, to + ROWS);
    o1.intoArray(sums, to + ROWS + HALF);
    e2.intoArray(sums, to + 2 * ROWS);
    o2.intoArray(sums, to + 2 * ROWS + HALF);
    e3.intoArray(sums, to + 3 * ROWS);
    o3.intoArray(sums, to + 3 * ROWS + HALF);
    e4.intoArray(sums, to + 4 * ROWS);
    o4.intoArray(sums, to + 4 * ROWS + HALF);
    e5.intoArray(sums, to + 5 * ROWS);
    o5.intoArray(sums, to + 5 * ROWS + HALF);
  }

  private static void tile8(
      short[] levels,
      int at,
      float[] scales,
      int rowAt,
      int[] x,
      int xAt,
      float[] xScales,
      int scaleAt,
      int blocks,
      float[] sums,
      int to) {
    FloatVector e0 = FloatVector.zero(Lanes.F32);
    FloatVector o0 = e0;
    FloatVector e1 = e0;
    FloatVector o1 = e0;
    FloatVector e2 = e0;
    FloatVector o2 = e0;
    FloatVector e3 = e0;
    FloatVector o3 = e0;
    FloatVector e4 = e0;
    FloatVector o4 = e0;
    FloatVector e5 = e0;
    FloatVector o5 = e0;
    for (int block = 0; block < blocks; block++) {
      IntVector a0 = BlockVectors.pairsStart();
      IntVector b0 = IntVector.zero(Lanes.I32);
      IntVector a1 = a0;
      IntVector b1 = b0;
      IntVector a2 = a0;
      IntVector b2 = b0;
      IntVector a3 = a0;
      IntVector b3 = b0;
      IntVector a4 = a0;
      IntVector b4 = b0;
      IntVector a5 = a0;
      IntVector b5 = b0;
      for (int k = 0; k < BLOCK; k += 2) {
        ShortVector w0 = ShortVector.fromArray(BlockVectors.S16, levels, at);
        ShortVector w1 = ShortVector.fromArray(BlockVectors.S16, levels, at + ROWS);
        IntVector p0 =
            w0.mul(IntVector.broadcast(Lanes.I32, x[xAt]).reinterpretAsShorts())
                .add(w1.mul(IntVector.broadcast(Lanes.I32, x[xAt + TOKENS]).reinterpretAsShorts()))
                .reinterpretAsInts();
        a0 = a0.add(p0.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        b0 = b0.add(p0.lanewise(VectorOperators.ASHR, 16));
        IntVector p1 =
            w0.mul(IntVector.broadcast(Lanes.I32, x[xAt + 1]).reinterpretAsShorts())
                .add(
                    w1.mul(
                        IntVector.broadcast(Lanes.I32, x[xAt + TOKENS + 1]).reinterpretAsShorts()))
                .reinterpretAsInts();
        a1 = a1.add(p1.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        b1 = b1.add(p1.lanewise(VectorOperators.ASHR, 16));
        IntVector p2 =
            w0.mul(IntVector.broadcast(Lanes.I32, x[xAt + 2]).reinterpretAsShorts())
                .add(
                    w1.mul(
                        IntVector.broadcast(Lanes.I32, x[xAt + TOKENS + 2]).reinterpretAsShorts()))
                .reinterpretAsInts();
        a2 = a2.add(p2.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        b2 = b2.add(p2.lanewise(VectorOperators.ASHR, 16));
        IntVector p3 =
            w0.mul(IntVector.broadcast(Lanes.I32, x[xAt + 3]).reinterpretAsShorts())
                .add(
                    w1.mul(
                        IntVector.broadcast(Lanes.I32, x[xAt + TOKENS + 3]).reinterpretAsShorts()))
                .reinterpretAsInts();
        a3 = a3.add(p3.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        b3 = b3.add(p3.lanewise(VectorOperators.ASHR, 16));
        IntVector p4 =
            w0.mul(IntVector.broadcast(Lanes.I32, x[xAt + 4]).reinterpretAsShorts())
                .add(
                    w1.mul(
                        IntVector.broadcast(Lanes.I32, x[xAt + TOKENS + 4]).reinterpretAsShorts()))
                .reinterpretAsInts();
        a4 = a4.add(p4.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        b4 = b4.add(p4.lanewise(VectorOperators.ASHR, 16));
        IntVector p5 =
            w0.mul(IntVector.broadcast(Lanes.I32, x[xAt + 5]).reinterpretAsShorts())
                .add(
                    w1.mul(
                        IntVector.broadcast(Lanes.I32, x[xAt + TOKENS + 5]).reinterpretAsShorts()))
                .reinterpretAsInts();
        a5 = a5.add(p5.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        b5 = b5.add(p5.lanewise(VectorOperators.ASHR, 16));
        at += 2 * ROWS;
        xAt += 2 * TOKENS;
      }
      FloatVector even = FloatVector.fromArray(Lanes.F32, scales, rowAt);
      FloatVector odd = FloatVector.fromArray(Lanes.F32, scales, rowAt + HALF);
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
      e4 =
          ((FloatVector)
                  a4.sub(b4.lanewise(VectorOperators.LSHL, 16)).convert(VectorOperators.I2F, 0))
              .fma(even.mul(xScales[scaleAt + 4]), e4);
      o4 =
          ((FloatVector) b4.convert(VectorOperators.I2F, 0)).fma(odd.mul(xScales[scaleAt + 4]), o4);
      e5 =
          ((FloatVector)
                  a5.sub(b5.lanewise(VectorOperators.LSHL, 16)).convert(VectorOperators.I2F, 0))
              .fma(even.mul(xScales[scaleAt + 5]), e5);
      o5 =
          ((FloatVector) b5.convert(VectorOperators.I2F, 0)).fma(odd.mul(xScales[scaleAt + 5]), o5);
      rowAt += ROWS;
      scaleAt += TOKENS;
    }
    e0.intoArray(sums, to);
    o0.intoArray(sums, to + HALF);
    e1.intoArray(sums, to + ROWS);
    o1.intoArray(sums, to + ROWS + HALF);
    e2.intoArray(sums, to + 2 * ROWS);
    o2.intoArray(sums, to + 2 * ROWS + HALF);
    e3.intoArray(sums, to + 3 * ROWS);
    o3.intoArray(sums, to + 3 * ROWS + HALF);
    e4.intoArray(sums, to + 4 * ROWS);
    o4.intoArray(sums, to + 4 * ROWS + HALF);
    e5.intoArray(sums, to + 5 * ROWS);
    o5.intoArray(sums, to + 5 * ROWS + HALF);
  }
}
