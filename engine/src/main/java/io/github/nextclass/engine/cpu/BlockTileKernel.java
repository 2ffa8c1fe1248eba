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
 * is being multiplied.
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
        a0 = a0.add(w.mul(broadcast(x, xAt)));
        a1 = a1.add(w.mul(broadcast(x, xAt + 1)));
        a2 = a2.add(w.mul(broadcast(x, xAt + 2)));
        a3 = a3.add(w.mul(broadcast(x, xAt + 3)));
        a4 = a4.add(w.mul(broadcast(x, xAt + 4)));
        a5 = a5.add(w.mul(broadcast(x, xAt + 5)));
        at += ROWS;
        xAt += TOKENS;
      }
      FloatVector even = FloatVector.fromArray(Lanes.F32, scales, rowAt);
      FloatVector odd = FloatVector.fromArray(Lanes.F32, scales, rowAt + HALF);
      e0 = BlockVectors.even(a0).fma(even.mul(xScales[scaleAt]), e0);
      o0 = BlockVectors.odd(a0).fma(odd.mul(xScales[scaleAt]), o0);
      e1 = BlockVectors.even(a1).fma(even.mul(xScales[scaleAt + 1]), e1);
      o1 = BlockVectors.odd(a1).fma(odd.mul(xScales[scaleAt + 1]), o1);
      e2 = BlockVectors.even(a2).fma(even.mul(xScales[scaleAt + 2]), e2);
      o2 = BlockVectors.odd(a2).fma(odd.mul(xScales[scaleAt + 2]), o2);
      e3 = BlockVectors.even(a3).fma(even.mul(xScales[scaleAt + 3]), e3);
      o3 = BlockVectors.odd(a3).fma(odd.mul(xScales[scaleAt + 3]), o3);
      e4 = BlockVectors.even(a4).fma(even.mul(xScales[scaleAt + 4]), e4);
      o4 = BlockVectors.odd(a4).fma(odd.mul(xScales[scaleAt + 4]), o4);
      e5 = BlockVectors.even(a5).fma(even.mul(xScales[scaleAt + 5]), e5);
      o5 = BlockVectors.odd(a5).fma(odd.mul(xScales[scaleAt + 5]), o5);
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
        IntVector p0 = pair(w0, w1, x, xAt);
        a0 = a0.add(p0.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        b0 = b0.add(p0.lanewise(VectorOperators.ASHR, 16));
        IntVector p1 = pair(w0, w1, x, xAt + 1);
        a1 = a1.add(p1.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        b1 = b1.add(p1.lanewise(VectorOperators.ASHR, 16));
        IntVector p2 = pair(w0, w1, x, xAt + 2);
        a2 = a2.add(p2.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        b2 = b2.add(p2.lanewise(VectorOperators.ASHR, 16));
        IntVector p3 = pair(w0, w1, x, xAt + 3);
        a3 = a3.add(p3.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        b3 = b3.add(p3.lanewise(VectorOperators.ASHR, 16));
        IntVector p4 = pair(w0, w1, x, xAt + 4);
        a4 = a4.add(p4.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        b4 = b4.add(p4.lanewise(VectorOperators.ASHR, 16));
        IntVector p5 = pair(w0, w1, x, xAt + 5);
        a5 = a5.add(p5.lanewise(VectorOperators.XOR, BlockVectors.EVEN_SIGN));
        b5 = b5.add(p5.lanewise(VectorOperators.ASHR, 16));
        at += 2 * ROWS;
        xAt += 2 * TOKENS;
      }
      FloatVector even = FloatVector.fromArray(Lanes.F32, scales, rowAt);
      FloatVector odd = FloatVector.fromArray(Lanes.F32, scales, rowAt + HALF);
      e0 = BlockVectors.even(a0, b0).fma(even.mul(xScales[scaleAt]), e0);
      o0 = BlockVectors.floats(b0).fma(odd.mul(xScales[scaleAt]), o0);
      e1 = BlockVectors.even(a1, b1).fma(even.mul(xScales[scaleAt + 1]), e1);
      o1 = BlockVectors.floats(b1).fma(odd.mul(xScales[scaleAt + 1]), o1);
      e2 = BlockVectors.even(a2, b2).fma(even.mul(xScales[scaleAt + 2]), e2);
      o2 = BlockVectors.floats(b2).fma(odd.mul(xScales[scaleAt + 2]), o2);
      e3 = BlockVectors.even(a3, b3).fma(even.mul(xScales[scaleAt + 3]), e3);
      o3 = BlockVectors.floats(b3).fma(odd.mul(xScales[scaleAt + 3]), o3);
      e4 = BlockVectors.even(a4, b4).fma(even.mul(xScales[scaleAt + 4]), e4);
      o4 = BlockVectors.floats(b4).fma(odd.mul(xScales[scaleAt + 4]), o4);
      e5 = BlockVectors.even(a5, b5).fma(even.mul(xScales[scaleAt + 5]), e5);
      o5 = BlockVectors.floats(b5).fma(odd.mul(xScales[scaleAt + 5]), o5);
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

  private static ShortVector broadcast(int[] x, int at) {
    return IntVector.broadcast(Lanes.I32, x[at]).reinterpretAsShorts();
  }

  private static IntVector pair(ShortVector w0, ShortVector w1, int[] x, int at) {
    return w0.mul(broadcast(x, at)).add(w1.mul(broadcast(x, at + TOKENS))).reinterpretAsInts();
  }
}
