package io.github.nextclass.engine.quant;

import io.github.nextclass.engine.quant.GptqMatrix.ZeroPoints;
import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.SafetensorsWriter;
import io.github.nextclass.safetensors.Storage;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Quantised matrices of any shape with every level and a wide range of scales. Seeded. */
public final class RandomMatrices implements AutoCloseable {
  private final Random random = new Random(20261124);
  private final SafetensorsWriter writer = new SafetensorsWriter();
  private final Path file;
  private @Nullable TensorSource source;

  /** Matrices in a file in the folder. */
  public RandomMatrices(Path folder) {
    this.file = folder.resolve("matrices.safetensors");
  }

  /** An FP8 matrix without NaN. */
  public Fp8Matrix fp8(int rows, int columns) throws IOException {
    byte[] weight = new byte[rows * columns];
    random.nextBytes(weight);
    for (int i = 0; i < weight.length; i++) {
      weight[i] = (weight[i] & 0x7f) == 0x7f ? 0 : weight[i];
    }
    ByteBuffer scales = buffer(Fp8Matrix.blocks(rows) * Fp8Matrix.blocks(columns) * Float.BYTES);
    while (scales.hasRemaining()) {
      scales.putFloat((float) Math.exp(random.nextGaussian() * 3));
    }
    return fp8(rows, columns, weight, scales);
  }

  /** An FP8 matrix of one row with the bytes 0 to 255 and scales of 1. */
  public Fp8Matrix everyByte() throws IOException {
    byte[] weight = new byte[256];
    for (int i = 0; i < weight.length; i++) {
      weight[i] = (byte) i;
    }
    return fp8(1, 256, weight, buffer(8).putFloat(1f).putFloat(1f));
  }

  private Fp8Matrix fp8(int rows, int columns, byte[] weight, ByteBuffer scales)
      throws IOException {
    long[] blocks = {Fp8Matrix.blocks(rows), Fp8Matrix.blocks(columns)};
    writer.add("weight", DType.F8_E4M3, new long[] {rows, columns}, weight);
    writer.add("scales", DType.F32, blocks, bytes(scales));
    TensorSource source = open();
    return new Fp8Matrix(source.tensor("weight"), source.tensor("scales"));
  }

  /** An asymmetric GPTQ matrix. */
  public GroupedMatrix gptq(int rows, int columns, int bits, int groups, boolean descAct)
      throws IOException {
    int perWord = 32 / bits;
    words("qweight", columns / perWord, rows);
    words("qzeros", groups, rows / perWord);
    scales(groups, rows);
    ByteBuffer gIdx = buffer(columns * Integer.BYTES);
    for (int k = 0; k < columns; k++) {
      gIdx.putInt(descAct ? random.nextInt(groups) : k / (columns / groups));
    }
    writer.add("g_idx", DType.I32, new long[] {columns}, bytes(gIdx));
    TensorSource source = open();
    return new GptqMatrix(
        source.tensor("qweight"),
        source.tensor("qzeros"),
        source.tensor("scales"),
        source.tensor("g_idx"),
        bits,
        ZeroPoints.LESS_ONE,
        false,
        !descAct);
  }

  /** An AWQ matrix. */
  public GroupedMatrix awq(int rows, int columns, int groups) throws IOException {
    words("qweight", columns, rows / 8);
    words("qzeros", groups, rows / 8);
    scales(groups, rows);
    TensorSource source = open();
    return new AwqMatrix(
        source.tensor("qweight"), source.tensor("qzeros"), source.tensor("scales"));
  }

  private void words(String name, int rows, int columns) {
    byte[] words = new byte[rows * columns * Integer.BYTES];
    random.nextBytes(words);
    writer.add(name, DType.I32, new long[] {rows, columns}, words);
  }

  private void scales(int groups, int rows) {
    ByteBuffer scales = buffer(groups * rows * Short.BYTES);
    while (scales.hasRemaining()) {
      scales.putShort(Float.floatToFloat16((float) Math.exp(random.nextGaussian() * 3 - 5)));
    }
    writer.add("scales", DType.F16, new long[] {groups, rows}, bytes(scales));
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.capacity()];
    buffer.get(0, bytes);
    return bytes;
  }

  private TensorSource open() throws IOException {
    writer.write(file);
    source = Safetensors.open(file, Storage.MMAP);
    return source;
  }

  @Override
  public void close() {
    if (source != null) {
      source.close();
    }
  }
}
