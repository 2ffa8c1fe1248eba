package io.github.nextclass.engine.quant;

import io.github.nextclass.safetensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * FP8: 8-bit floats (E4M3) with a factor for each block of 128 x 128, as in DeepSeek-V3.
 *
 * <pre>
 *   w[r, k] = e4m3(weight[r, k]) * scale[r / 128, k / 128]
 *
 *   weight [rows, columns], one byte each            scale [ceil(rows / 128), ceil(columns / 128)]
 *   +-------------+-------------+-----+
 *   |  128 x 128  |  128 x 128  |     |              s00 s01 s02
 *   |             |             |     |
 *   +-------------+-------------+-----+
 *   |             |             |     |              s10 s11 s12      the last blocks may be cut off
 *   +-------------+-------------+-----+
 * </pre>
 *
 * <p>The tensor is called {@code weight_scale_inv}, and is a factor all the same. In the dense
 * Qwen3 models it is BF16, elsewhere F32. The published kernels quantise the activations too, to
 * multiply bytes; here they stay floats, which is what the weights were made for and nearer to the
 * model that was quantised.
 *
 * <p>Source: transformers' {@code finegrained_fp8.py}.
 */
public final class Fp8Matrix implements StoredMatrix {
  /** The height and the width of a block. */
  public static final int BLOCK = 128;

  private final Tensor weight;
  private final Tensor scaleTensor;
  private final int rows;
  private final int columns;
  private final float[] scales;

  /**
   * A matrix over its two tensors, whose types and shapes were checked.
   *
   * @param weight F8_E4M3 {@code [rows, columns]}
   * @param scales BF16, F16 or F32 {@code [ceil(rows / 128), ceil(columns / 128)]}
   */
  public Fp8Matrix(Tensor weight, Tensor scales) {
    this.weight = weight;
    this.scaleTensor = scales;
    this.rows = Math.toIntExact(weight.shape()[0]);
    this.columns = Math.toIntExact(weight.shape()[1]);
    this.scales = scales.toFloatArray();
  }

  @Override
  public void check(Consumer<String> problems) {
    Scales.checkFinite(scaleTensor, problems);
  }

  /**
   * The number of blocks along some rows or columns.
   *
   * @param n rows or columns
   * @return {@code ceil(n / 128)}
   */
  public static int blocks(int n) {
    return (n + BLOCK - 1) / BLOCK;
  }

  /**
   * The stored bytes where they lie.
   *
   * @return E4M3, row-major
   */
  public MemorySegment bytes() {
    return weight.segment();
  }

  /**
   * The factor of a block.
   *
   * @param row a row of the block
   * @param column a column of the block
   * @return the factor, finite
   */
  public float scale(int row, int column) {
    return scales[row / BLOCK * blocks(columns) + column / BLOCK];
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
  public void dequantizeRow(int row, float[] out, int at) {
    for (int k = 0; k < columns; k++) {
      out[at + k] = weight.floatAt((long) row * columns + k) * scale(row, k);
    }
  }
}
