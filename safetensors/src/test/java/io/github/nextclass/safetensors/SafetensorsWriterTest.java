package io.github.nextclass.safetensors;

import static io.github.nextclass.safetensors.TestFiles.golden;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What we write equals what the reference writes, and a failure leaves nothing behind. */
class SafetensorsWriterTest {
  private static final List<DType> DTYPES = List.of(DType.values());

  @TempDir Path folder;

  /** Tensors are added in a shuffled order: the order of the file is the writer's. */
  @ParameterizedTest
  @ValueSource(
      strings = {"all-dtypes", "six-bits", "values", "numpy-arrays", "names", "no-tensors"})
  void copiesFilesOfTheReferenceByteForByte(String name) throws IOException {
    Path copy = folder.resolve("copy.safetensors");
    try (TensorSource source = Safetensors.open(golden(name))) {
      SafetensorsWriter writer = new SafetensorsWriter();
      source.metadata().forEach(writer::metadata);
      List<String> names = new ArrayList<>(source.names());
      Collections.shuffle(names, new Random(1));
      for (String tensorName : names) {
        Tensor tensor = source.tensor(tensorName);
        writer.add(tensorName, tensor.dtype(), tensor.shape(), tensor.segment());
      }
      writer.write(copy);
    }
    assertThat(Files.readAllBytes(copy)).isEqualTo(Files.readAllBytes(golden(name)));
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 64, 4096})
  void dataBeginsWhereItIsAskedTo(int bytes) throws IOException {
    Path file = folder.resolve("aligned.safetensors");
    float[] data = {1, 2, 3};
    for (int length = 1; length < 80; length += 13) {
      String name = "x".repeat(length);
      new SafetensorsWriter().alignData(bytes).add(name, new long[] {3}, data).write(file);
      assertThat((Files.size(file) - 3 * Float.BYTES) % bytes).isZero();
      try (TensorSource source = Safetensors.open(file)) {
        assertThat(source.tensor(name).toFloatArray()).isEqualTo(data);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-64, 0, 4, 24, 8192})
  void refusesOtherAlignments(int bytes) {
    assertThatThrownBy(() -> new SafetensorsWriter().alignData(bytes))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("alignment is " + bytes + ", expected a power of two from 8 to 4096");
  }

  /** The values of numpy_arrays() in scripts/make_safetensors_goldens.py. */
  @Test
  void writesArraysAsNumPyDoes() throws IOException {
    float[] logits = new float[15];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = i * 0.37f - 2f;
    }
    int[] ids = new int[7];
    Arrays.setAll(ids, i -> i * -1000003);
    long[] positions = new long[4];
    Arrays.setAll(positions, i -> i * 1_000_000_000_000_000L);
    Path file = folder.resolve("arrays.safetensors");
    new SafetensorsWriter()
        .metadata("source", "a \"quoted\" text\n")
        .add("mask", DType.U8, new long[] {3}, new byte[] {1, 0, (byte) 255})
        .add("ids", new long[] {7}, ids)
        .add("positions", new long[] {2, 2}, positions)
        .add("nothing", new long[] {0, 4}, new float[0])
        .add("scalar", new long[0], new float[] {1.25f})
        .add("logits", new long[] {3, 5}, logits)
        .write(file);
    assertThat(Files.readAllBytes(file)).isEqualTo(Files.readAllBytes(golden("numpy-arrays")));
  }

  @Test
  void roundTripsRandomTensors() throws IOException {
    for (long seed = 0; seed < 60; seed++) {
      roundTrip(seed);
    }
  }

  private void roundTrip(long seed) throws IOException {
    Random random = new Random(seed);
    SafetensorsWriter writer = new SafetensorsWriter();
    Map<String, byte[]> data = new HashMap<>();
    Map<String, String> metadata = new HashMap<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      metadata.put(randomText(random), randomText(random));
    }
    metadata.forEach(writer::metadata);
    for (int i = random.nextInt(9); i > 0; i--) {
      String name = randomText(random) + i;
      DType dtype = DTYPES.get(random.nextInt(DTYPES.size()));
      // A last dimension of 8 fills whole bytes in every type.
      long[] shape = new long[1 + random.nextInt(4)];
      Arrays.setAll(shape, d -> random.nextInt(5));
      shape[shape.length - 1] = 8;
      byte[] bytes = new byte[(int) Extent.of(dtype, shape).byteSize()];
      random.nextBytes(bytes);
      data.put(name, bytes);
      if (random.nextBoolean()) {
        writer.add(name, dtype, shape, bytes);
      } else {
        writer.add(name, dtype, shape, () -> MemorySegment.ofArray(bytes));
      }
    }
    Path file = folder.resolve("random.safetensors");
    writer.write(file);
    Storage storage = random.nextBoolean() ? Storage.MMAP : Storage.COPY;
    try (TensorSource source = Safetensors.open(file, storage)) {
      assertThat(source.names()).as("seed %d", seed).isEqualTo(data.keySet());
      assertThat(source.metadata()).as("seed %d", seed).isEqualTo(metadata);
      for (Map.Entry<String, byte[]> entry : data.entrySet()) {
        Tensor tensor = source.tensor(entry.getKey());
        MemorySegment segment = tensor.segment();
        assertThat(segment.toArray(ValueLayout.JAVA_BYTE))
            .as("seed %d", seed)
            .isEqualTo(entry.getValue());
        // Widest types first: whole-byte elements lie at multiples of their size.
        long elementBytes = Math.max(1, tensor.dtype().bits() / 8);
        assertThat(segment.address() % elementBytes).as("seed %d %s", seed, tensor).isZero();
      }
    }
  }

  private static String randomText(Random random) {
    int[] codePoints =
        random
            .ints(random.nextInt(8), 0, Character.MAX_CODE_POINT + 1)
            .map(c -> random.nextBoolean() ? c & 0x7f : c)
            .filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE)
            .toArray();
    return new String(codePoints, 0, codePoints.length);
  }

  /** More than a chunk, and a size that is no multiple of it. */
  @Test
  void writesLargeTensorsInChunks() throws IOException {
    int length = (5 << 20) / Float.BYTES + 3;
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = i;
    }
    Path file = folder.resolve("large.safetensors");
    new SafetensorsWriter().add("w", new long[] {length}, values).write(file);
    try (TensorSource source = Safetensors.open(file)) {
      assertThat(source.tensor("w").toFloatArray()).isEqualTo(values);
    }
  }

  /** Each supplier is asked when its turn comes, so that only one tensor is in memory at a time. */
  @Test
  void asksSuppliersInTheOrderOfTheFile() throws IOException {
    List<String> asked = new ArrayList<>();
    SafetensorsWriter writer = new SafetensorsWriter();
    for (String name : List.of("b", "c", "a")) {
      writer.add(
          name,
          DType.U8,
          new long[] {1},
          () -> {
            asked.add(name);
            return MemorySegment.ofArray(new byte[1]);
          });
    }
    assertThat(asked).isEmpty();
    writer.write(folder.resolve("m.safetensors"));
    assertThat(asked).containsExactly("a", "b", "c");
  }

  /** A rename over /dev/null would leave the machine without one. */
  @Test
  void whatIsNoFileIsNotReplaced() throws IOException {
    Path socket = folder.resolve("s");
    try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.bind(UnixDomainSocketAddress.of(socket));

      assertThatThrownBy(() -> new SafetensorsWriter().write(socket))
          .isInstanceOf(IOException.class)
          .hasMessage(socket + ": not a regular file, expected a file to write");
      assertThat(socket).exists();
      assertThat(Files.isRegularFile(socket)).isFalse();
    }
  }

  @Test
  void aFailureKeepsTheOldFileAndLeavesNoOther() throws IOException {
    Path file = folder.resolve("m.safetensors");
    new SafetensorsWriter().add("old", new long[] {1}, new float[] {1}).write(file);
    byte[] old = Files.readAllBytes(file);

    assertThatThrownBy(() ->
            new SafetensorsWriter()
                .add("a", new long[] {1}, new float[] {1})
                .add(
                    "b",
                    DType.U8,
                    new long[] {1},
                    () -> {
                      throw new UnsupportedOperationException("no data");
                    })
                .write(file))
        .isInstanceOf(UnsupportedOperationException.class);
    assertThatThrownBy(() ->
            new SafetensorsWriter()
                .add("b", DType.U8, new long[] {2}, () -> MemorySegment.ofArray(new byte[1]))
                .write(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("\"b\"", "found 1 bytes of data, expected 2 for U8 [2]");
    assertThatThrownBy(() -> new SafetensorsWriter().write(folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is a directory");

    assertThat(Files.readAllBytes(file)).isEqualTo(old);
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void replacesAFileThatIsMapped() throws IOException {
    Path file = folder.resolve("m.safetensors");
    new SafetensorsWriter().add("w", new long[] {1}, new float[] {1}).write(file);
    try (TensorSource source = Safetensors.open(file)) {
      new SafetensorsWriter().add("w", new long[] {1}, new float[] {2}).write(file);
      assertThat(source.tensor("w").floatAt(0)).isEqualTo(1);
    }
    try (TensorSource source = Safetensors.open(file)) {
      assertThat(source.tensor("w").floatAt(0)).isEqualTo(2);
    }
  }

  @Test
  void refusesWhatItCouldNotReadAgain() {
    SafetensorsWriter writer = new SafetensorsWriter().add("a", new long[] {1}, new float[1]);
    long[] one = {1};
    assertThatThrownBy(() -> writer.add("a", one, new float[1]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tensor \"a\" was added before");
    assertThatThrownBy(() -> writer.add("__metadata__", one, new float[1]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("reserved");
    assertThatThrownBy(() -> writer.add("x\ud800", one, new float[1]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("surrogate");
    assertThatThrownBy(() -> writer.add("n".repeat(32_769), one, new float[1]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("found 32769 characters, expected at most 32768");
    assertThatThrownBy(() -> writer.metadata("k", "x\udc00"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("surrogate");
    assertThatThrownBy(() -> writer.add("b", new long[] {2, 3}, new float[5]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tensor \"b\": found 20 bytes of data, expected 24 for F32 [2, 3]");
    assertThatThrownBy(() -> writer.add("b", new long[] {-1}, new float[1]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no negative dimension");
    assertThatThrownBy(() -> writer.add("b", new long[] {Long.MAX_VALUE, 2}, new float[1]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("overflows");
    assertThatThrownBy(() -> writer.add("b", new long[65], new float[1]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("found 65 dimensions, expected at most 64");
    assertThatThrownBy(() -> writer.add("b", DType.F4, new long[] {3}, new byte[2]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("do not fill whole bytes");
  }
}
