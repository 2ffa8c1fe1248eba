package io.github.nextclass.benchmarks;

import io.github.nextclass.engine.quant.BlockMatrix;
import io.github.nextclass.engine.quant.BlockQuantizer;
import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.SafetensorsWriter;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/**
 * Matrices of random numbers in a temporary file that is mapped, as those of a checkpoint are. They
 * are deterministic, and no two are alike.
 */
final class RandomTensors implements AutoCloseable {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** A prime: rows begin at other places of the table. */
  private static final int TABLE_LENGTH = 65_521;

  private final SafetensorsWriter writer = new SafetensorsWriter();
  private final Arena arena = Arena.ofShared();
  private final float[] table = new float[TABLE_LENGTH];
  private final Path folder;
  private int seed;

  @SuppressWarnings("NullAway.Init") // by open
  private TensorSource tensors;

  RandomTensors() throws IOException {
    folder = Files.createTempDirectory("nextclass-benchmark-");
    Random random = new Random(1);
    for (int i = 0; i < TABLE_LENGTH; i++) {
      table[i] = (float) random.nextGaussian();
    }
  }

  RandomTensors add(String name, DType dtype, long... shape) {
    long count = 1;
    for (long dimension : shape) {
      count *= dimension;
    }
    MemorySegment data = arena.allocate(count * dtype.bits() / Byte.SIZE, 64);
    long at = 7919L * seed++;
    for (long i = 0; i < count; i++) {
      float value = table[(int) ((at + i) % TABLE_LENGTH)];
      switch (dtype) {
        case BF16 ->
            data.set(SHORT, Short.BYTES * i, (short) (Float.floatToRawIntBits(value) >>> 16));
        case F16 -> data.set(SHORT, Short.BYTES * i, Float.floatToFloat16(value));
        case F32 -> data.set(FLOAT, Float.BYTES * i, value);
        default -> throw new IllegalArgumentException(dtype + ", expected BF16, F16 or F32");
      }
    }
    writer.add(name, dtype, shape, data);
    return this;
  }

  /** A matrix in q8 or q4, made at once and in memory, as {@code --weights} does while loading. */
  BlockMatrix quantized(int bits, int rows, int columns) {
    MemorySegment bytes = Arena.ofAuto().allocate(BlockMatrix.bytes(bits, rows, columns), 64);
    long first = 7919L * seed++;
    BlockQuantizer quantizer = new BlockQuantizer(bits);
    BlockQuantizer.Rows source =
        (row, out, at) -> {
          for (int k = 0; k < columns; k++) {
            out[at + k] = table[(int) ((first + (long) row * columns + k) % TABLE_LENGTH)];
          }
        };
    for (int panel = 0; panel < BlockMatrix.panels(rows); panel++) {
      quantizer.panel("random", source, rows, columns, panel, bytes);
    }
    return new BlockMatrix("random", bytes.asReadOnly(), bits, rows, columns);
  }

  /** Writes the file and maps it. */
  RandomTensors open() throws IOException {
    Path file = folder.resolve("model.safetensors");
    writer.write(file);
    arena.close();
    tensors = Safetensors.open(folder);
    return this;
  }

  Tensor tensor(String name) {
    try {
      return tensors.tensor(name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      tensors.close();
      Files.delete(folder.resolve("model.safetensors"));
      Files.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
