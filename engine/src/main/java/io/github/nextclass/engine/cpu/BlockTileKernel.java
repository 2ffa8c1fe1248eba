package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.quant.BlockMatrix;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products of q8 and q4 weights with several tokens: a prompt, a batch. Lanes are outputs; inputs
 * are broadcast. A tile is two vectors of outputs by 4 tokens: what the loop over a block needs
 * fits 16 registers, which is what most processors have; with 32 of them the float sums stay in
 * registers too.
 *
 * <pre>
 *   q4   lanes of 16 bits, twice as many as of floats. 32 products of a level (-8 .. 7) and an input
 *        (-127 .. 127) add up to 32,512 at most: a block fits a lane. Two lanes are | odd | even | of an int
 *   q8   floats. The products of levels are whole numbers, and 32 of them stay below 2^24: every sum is
 *        exact, the number that another kernel has as an int
 *
 *   levels   [panels of a tile][block][32 inputs][outputs of a tile]       unpacked once for all tokens
 *   inputs   [tile][block][4 tokens][32 inputs]                            q4: a level twice in an int
 *   sums     [panels of a tile][tile][4 tokens][outputs of a tile]
 * </pre>
 *
 * <p>Levels of up to {@link #BLOCKS} blocks are unpacked, all tokens pass them, and their sums wait
 * in memory for the next blocks. The hot methods call vector methods themselves, for the reason
 * that {@link MatrixKernel} gives.
 */
final class BlockTileKernel {
  static final int TOKENS = 4;

  private static final int ROWS = BlockMatrix.ROWS;
  private static final int HALF = ROWS / 2;
  private static final int BLOCK = BlockMatrix.BLOCK;

  /** Outputs of a tile in q4: two panels. */
  private static final int ROWS_4 = 2 * ROWS;

  /** From the even outputs of the first vector to those of the second, in q4. */
  private static final int SECOND = 2 * Lanes.WIDTH < ROWS ? Lanes.WIDTH : ROWS;

  /** Panels that tokens pass together. */
  private static final int PANELS = 2;

  /**
   * Blocks that are unpacked at a time: with those of q8, 256 KB, they stay in the second cache.
   */
  private static final int BLOCKS = 32;

  private BlockTileKernel() {}

  static int tiles(int tokens) {
    return (tokens + TOKENS - 1) / TOKENS;
  }

  static void prepare(BlockInputs inputs, int tokens, int columns, int bits) {
    int length = tiles(tokens) * TOKENS;
    inputs.preparePacked(tokens, columns, length, bits == 4 ? BLOCK : 0, bits == 8 ? BLOCK : 0);
  }

  /** Quantises the tokens of a tile; those behind the last one are zero. */
  static void pack(float[] x, BlockInputs inputs, int bits, int tile) {
    int blocks = inputs.blocks();
    for (int i = 0; i < TOKENS; i++) {
      int token = tile * TOKENS + i;
      for (int block = 0; block < blocks; block++) {
        int place = (tile * blocks + block) * TOKENS + i;
        if (token >= inputs.tokens) {
          inputs.packedScales[place] = 0f;
          continue;
        }
        int from = token * inputs.columns + block * BLOCK;
        float largest = VectorBlockKernels.largest(x, from);
        inputs.packedScales[place] = largest / BlockInputs.LEVELS;
        float inverse = BlockInputs.inverse(largest);
        if (bits == 4) {
          packTwice(x, from, inverse, inputs.packed, place * BLOCK);
        } else {
          packFloats(x, from, inverse, inputs.packedFloats, place * BLOCK);
        }
      }
    }
  }

  private static void packTwice(float[] x, int from, float inverse, int[] packed, int to) {
    for (int k = 0; k < BLOCK; k += Lanes.WIDTH) {
      IntVector levels =
          (IntVector)
              VectorBlockKernels.rounded(x, from + k, inverse).convert(VectorOperators.F2I, 0);
      levels
          .lanewise(VectorOperators.LSHL, Short.SIZE)
          .or(levels.and(0xffff))
          .intoArray(packed, to + k);
    }
  }

  private static void packFloats(float[] x, int from, float inverse, float[] packed, int to) {
    for (int k = 0; k < BLOCK; k += Lanes.WIDTH) {
      VectorBlockKernels.rounded(x, from + k, inverse).intoArray(packed, to + k);
    }
  }

  static void run(
      BlockWeight w, int from, int to, BlockInputs inputs, float[] out, BlockScratch scratch) {
    for (int panel = from; panel < to; panel += PANELS) {
      panels(w, panel, Math.min(panel + PANELS, to), inputs, out, scratch);
    }
  }

  private static void panels(
      BlockWeight w, int from, int to, BlockInputs inputs, float[] out, BlockScratch scratch) {
    boolean four = w.matrix().bits() == 4;
    int rows = four ? ROWS_4 : ROWS;
    int parts = four ? 1 : to - from;
    int tiles = tiles(inputs.tokens);
    int end = Math.min(to * ROWS, w.rows());
    float[] sums = scratch.sums(parts * tiles * TOKENS * rows);
    for (int block = 0; block < w.blocks(); block += BLOCKS) {
      int blocks = Math.min(BLOCKS, w.blocks() - block);
      if (four) {
        unpack4(w.matrix(), from, to, block, blocks, scratch);
      } else {
        unpack8(w.matrix(), from, to, block, blocks, scratch);
      }
      for (int tile = 0; tile < tiles; tile++) {
        for (int part = 0; part < parts; part++) {
          int at = (part * tiles + tile) * TOKENS * rows;
          if (block == 0) {
            Arrays.fill(sums, at, at + TOKENS * rows, 0f);
          }
          int x = (tile * w.blocks() + block) * TOKENS;
          if (four) {
            tiles4(inputs, x, blocks, scratch, sums, at);
          } else {
            tiles8(part, inputs, x, blocks, scratch, sums, at);
          }
          if (block + blocks == w.blocks()) {
            store(
                sums, at, rows, inputs.tokens, tile, out, w.rows(), from * ROWS + part * rows, end);
          }
        }
      }
    }
  }

  /** Where there is one panel only, the other half of the lanes holds what was there before. */
  private static void unpack4(
      BlockMatrix m, int from, int to, int block, int blocks, BlockScratch scratch) {
    short[] levels = scratch.levels(BLOCKS * BLOCK * ROWS_4);
    float[] scales = scratch.scales(BLOCKS * ROWS_4);
    for (int panel = from; panel < to; panel++) {
      int lane = (panel - from) * ROWS;
      BlockUnpack.q4(m, panel, block, blocks, ROWS_4, levels, lane, scales, lane);
    }
  }

  private static void unpack8(
      BlockMatrix m, int from, int to, int block, int blocks, BlockScratch scratch) {
    float[] levels = scratch.floats(PANELS * BLOCKS * BLOCK * ROWS);
    float[] scales = scratch.scales(PANELS * BLOCKS * ROWS);
    for (int panel = from; panel < to; panel++) {
      int at = (panel - from) * BLOCKS * ROWS;
      BlockUnpack.q8(m, panel, block, blocks, levels, at * BLOCK, scales, at);
    }
  }

  private static void tiles4(
      BlockInputs inputs, int x, int blocks, BlockScratch scratch, float[] sums, int to) {
    short[] levels = scratch.levels(0);
    float[] scales = scratch.scales(0);
    for (int lane = 0; lane < ROWS_4; lane += 4 * Lanes.WIDTH) {
      int row = lane / ROWS * ROWS + lane % ROWS / 2;
      tile4(
          levels,
          lane,
          scales,
          row,
          inputs.packed,
          x * BLOCK,
          inputs.packedScales,
          x,
          blocks,
          sums,
          to + row);
    }
  }

  private static void tiles8(
      int part, BlockInputs inputs, int x, int blocks, BlockScratch scratch, float[] sums, int to) {
    float[] levels = scratch.floats(0);
    float[] scales = scratch.scales(0);
    int at = part * BLOCKS * ROWS;
    for (int row = 0; row < HALF; row += Lanes.WIDTH) {
      tile8(
          levels,
          at * BLOCK + row,
          scales,
          at + row,
          inputs.packedFloats,
          x * BLOCK,
          inputs.packedScales,
          x,
          blocks,
          sums,
          to + row);
    }
  }

  private static void store(
      float[] sums,
      int at,
      int width,
      int tokens,
      int tile,
      float[] out,
      int rows,
      int row,
      int end) {
    int count = Math.min(width, end - row);
    for (int i = 0; i < Math.min(TOKENS, tokens - tile * TOKENS); i++) {
      System.arraycopy(sums, at + i * width, out, (tile * TOKENS + i) * rows + row, count);
    }
  }

  static void tile4(
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
    FloatVector pEven0 = FloatVector.fromArray(Lanes.F32, sums, to);
    FloatVector pOdd0 = FloatVector.fromArray(Lanes.F32, sums, to + HALF);
    FloatVector qEven0 = FloatVector.fromArray(Lanes.F32, sums, to + SECOND);
    FloatVector qOdd0 = FloatVector.fromArray(Lanes.F32, sums, to + SECOND + HALF);
    FloatVector pEven1 = FloatVector.fromArray(Lanes.F32, sums, to + ROWS_4);
    FloatVector pOdd1 = FloatVector.fromArray(Lanes.F32, sums, to + ROWS_4 + HALF);
    FloatVector qEven1 = FloatVector.fromArray(Lanes.F32, sums, to + ROWS_4 + SECOND);
    FloatVector qOdd1 = FloatVector.fromArray(Lanes.F32, sums, to + ROWS_4 + SECOND + HALF);
    FloatVector pEven2 = FloatVector.fromArray(Lanes.F32, sums, to + 2 * ROWS_4);
    FloatVector pOdd2 = FloatVector.fromArray(Lanes.F32, sums, to + 2 * ROWS_4 + HALF);
    FloatVector qEven2 = FloatVector.fromArray(Lanes.F32, sums, to + 2 * ROWS_4 + SECOND);
    FloatVector qOdd2 = FloatVector.fromArray(Lanes.F32, sums, to + 2 * ROWS_4 + SECOND + HALF);
    FloatVector pEven3 = FloatVector.fromArray(Lanes.F32, sums, to + 3 * ROWS_4);
    FloatVector pOdd3 = FloatVector.fromArray(Lanes.F32, sums, to + 3 * ROWS_4 + HALF);
    FloatVector qEven3 = FloatVector.fromArray(Lanes.F32, sums, to + 3 * ROWS_4 + SECOND);
    FloatVector qOdd3 = FloatVector.fromArray(Lanes.F32, sums, to + 3 * ROWS_4 + SECOND + HALF);
    for (int block = 0; block < blocks; block++) {
      ShortVector p0 = ShortVector.zero(BlockVectors.S16);
      ShortVector p1 = p0;
      ShortVector p2 = p0;
      ShortVector p3 = p0;
      ShortVector q0 = p0;
      ShortVector q1 = p0;
      ShortVector q2 = p0;
      ShortVector q3 = p0;
      for (int k = 0; k < BLOCK; k++) {
        ShortVector v = ShortVector.fromArray(BlockVectors.S16, levels, at);
        ShortVector w = ShortVector.fromArray(BlockVectors.S16, levels, at + 2 * Lanes.WIDTH);
        ShortVector x0 = IntVector.broadcast(Lanes.I32, x[xAt]).reinterpretAsShorts();
        p0 = p0.add(v.mul(x0));
        q0 = q0.add(w.mul(x0));
        ShortVector x1 = IntVector.broadcast(Lanes.I32, x[xAt + BLOCK]).reinterpretAsShorts();
        p1 = p1.add(v.mul(x1));
        q1 = q1.add(w.mul(x1));
        ShortVector x2 = IntVector.broadcast(Lanes.I32, x[xAt + 2 * BLOCK]).reinterpretAsShorts();
        p2 = p2.add(v.mul(x2));
        q2 = q2.add(w.mul(x2));
        ShortVector x3 = IntVector.broadcast(Lanes.I32, x[xAt + 3 * BLOCK]).reinterpretAsShorts();
        p3 = p3.add(v.mul(x3));
        q3 = q3.add(w.mul(x3));
        at += ROWS_4;
        xAt++;
      }
      FloatVector pEven = FloatVector.fromArray(Lanes.F32, scales, rowAt);
      FloatVector pOdd = FloatVector.fromArray(Lanes.F32, scales, rowAt + HALF);
      FloatVector qEven = FloatVector.fromArray(Lanes.F32, scales, rowAt + SECOND);
      FloatVector qOdd = FloatVector.fromArray(Lanes.F32, scales, rowAt + SECOND + HALF);
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
      rowAt += ROWS_4;
      xAt += (TOKENS - 1) * BLOCK;
      scaleAt += TOKENS;
    }
    pEven0.intoArray(sums, to);
    pOdd0.intoArray(sums, to + HALF);
    qEven0.intoArray(sums, to + SECOND);
    qOdd0.intoArray(sums, to + SECOND + HALF);
    pEven1.intoArray(sums, to + ROWS_4);
    pOdd1.intoArray(sums, to + ROWS_4 + HALF);
    qEven1.intoArray(sums, to + ROWS_4 + SECOND);
    qOdd1.intoArray(sums, to + ROWS_4 + SECOND + HALF);
    pEven2.intoArray(sums, to + 2 * ROWS_4);
    pOdd2.intoArray(sums, to + 2 * ROWS_4 + HALF);
    qEven2.intoArray(sums, to + 2 * ROWS_4 + SECOND);
    qOdd2.intoArray(sums, to + 2 * ROWS_4 + SECOND + HALF);
    pEven3.intoArray(sums, to + 3 * ROWS_4);
    pOdd3.intoArray(sums, to + 3 * ROWS_4 + HALF);
    qEven3.intoArray(sums, to + 3 * ROWS_4 + SECOND);
    qOdd3.intoArray(sums, to + 3 * ROWS_4 + SECOND + HALF);
  }

  static void tile8(
      float[] levels,
      int at,
      float[] scales,
      int rowAt,
      float[] x,
      int xAt,
      float[] xScales,
      int scaleAt,
      int blocks,
      float[] sums,
      int to) {
    FloatVector even0 = FloatVector.fromArray(Lanes.F32, sums, to);
    FloatVector odd0 = FloatVector.fromArray(Lanes.F32, sums, to + HALF);
    FloatVector even1 = FloatVector.fromArray(Lanes.F32, sums, to + ROWS);
    FloatVector odd1 = FloatVector.fromArray(Lanes.F32, sums, to + ROWS + HALF);
    FloatVector even2 = FloatVector.fromArray(Lanes.F32, sums, to + 2 * ROWS);
    FloatVector odd2 = FloatVector.fromArray(Lanes.F32, sums, to + 2 * ROWS + HALF);
    FloatVector even3 = FloatVector.fromArray(Lanes.F32, sums, to + 3 * ROWS);
    FloatVector odd3 = FloatVector.fromArray(Lanes.F32, sums, to + 3 * ROWS + HALF);
    for (int block = 0; block < blocks; block++) {
      FloatVector v0 = FloatVector.zero(Lanes.F32);
      FloatVector v1 = v0;
      FloatVector v2 = v0;
      FloatVector v3 = v0;
      FloatVector w0 = v0;
      FloatVector w1 = v0;
      FloatVector w2 = v0;
      FloatVector w3 = v0;
      for (int k = 0; k < BLOCK; k++) {
        FloatVector v = FloatVector.fromArray(Lanes.F32, levels, at);
        FloatVector w = FloatVector.fromArray(Lanes.F32, levels, at + HALF);
        FloatVector x0 = FloatVector.broadcast(Lanes.F32, x[xAt]);
        v0 = v.fma(x0, v0);
        w0 = w.fma(x0, w0);
        FloatVector x1 = FloatVector.broadcast(Lanes.F32, x[xAt + BLOCK]);
        v1 = v.fma(x1, v1);
        w1 = w.fma(x1, w1);
        FloatVector x2 = FloatVector.broadcast(Lanes.F32, x[xAt + 2 * BLOCK]);
        v2 = v.fma(x2, v2);
        w2 = w.fma(x2, w2);
        FloatVector x3 = FloatVector.broadcast(Lanes.F32, x[xAt + 3 * BLOCK]);
        v3 = v.fma(x3, v3);
        w3 = w.fma(x3, w3);
        at += ROWS;
        xAt++;
      }
      FloatVector even = FloatVector.fromArray(Lanes.F32, scales, rowAt);
      FloatVector odd = FloatVector.fromArray(Lanes.F32, scales, rowAt + HALF);
      even0 = v0.fma(even.mul(xScales[scaleAt]), even0);
      odd0 = w0.fma(odd.mul(xScales[scaleAt]), odd0);
      even1 = v1.fma(even.mul(xScales[scaleAt + 1]), even1);
      odd1 = w1.fma(odd.mul(xScales[scaleAt + 1]), odd1);
      even2 = v2.fma(even.mul(xScales[scaleAt + 2]), even2);
      odd2 = w2.fma(odd.mul(xScales[scaleAt + 2]), odd2);
      even3 = v3.fma(even.mul(xScales[scaleAt + 3]), even3);
      odd3 = w3.fma(odd.mul(xScales[scaleAt + 3]), odd3);
      rowAt += ROWS;
      xAt += (TOKENS - 1) * BLOCK;
      scaleAt += TOKENS;
    }
    even0.intoArray(sums, to);
    odd0.intoArray(sums, to + HALF);
    even1.intoArray(sums, to + ROWS);
    odd1.intoArray(sums, to + ROWS + HALF);
    even2.intoArray(sums, to + 2 * ROWS);
    odd2.intoArray(sums, to + 2 * ROWS + HALF);
    even3.intoArray(sums, to + 3 * ROWS);
    odd3.intoArray(sums, to + 3 * ROWS + HALF);
  }
}
