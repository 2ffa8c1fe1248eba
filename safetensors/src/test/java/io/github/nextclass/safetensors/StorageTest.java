package io.github.nextclass.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The life of an open file: closing, changing files, threads, large files. */
class StorageTest {
  private static final int LENGTH = 100_000;

  @TempDir Path folder;

  private Path writeSample(String name) throws IOException {
    float[] values = new float[LENGTH];
    for (int i = 0; i < LENGTH; i++) {
      values[i] = i;
    }
    Path file = folder.resolve(name);
    new SafetensorsWriter().add("w", new long[] {LENGTH}, values).write(file);
    return file;
  }

  @ParameterizedTest
  @EnumSource(Storage.class)
  void useAfterCloseIsAnIllegalState(Storage storage) throws IOException {
    TensorSource source = Safetensors.open(writeSample("m.safetensors"), storage);
    Tensor tensor = source.tensor("w");
    MemorySegment segment = tensor.segment();
    source.close();
    source.close();

    assertThatThrownBy(() -> source.tensor("w"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContainingAll("m.safetensors", "closed");
    assertThatThrownBy(() -> tensor.floatAt(0)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(tensor::toFloatArray).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aCopyOutlivesTruncationInPlace() throws IOException {
    Path file = writeSample("m.safetensors");
    try (TensorSource source = Safetensors.open(file, Storage.COPY)) {
      try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
        access.setLength(0);
      }
      float[] values = source.tensor("w").toFloatArray();
      assertThat(values).hasSize(LENGTH).endsWith(LENGTH - 1f);
      assertThatThrownBy(source::verifyUnchanged)
          .isInstanceOf(SafetensorsException.class)
          .hasMessageContainingAll(file.toString(), "changed", "found 0 bytes, expected 400");
    }
  }

  @Test
  void aTruncatedMappingIsSeenBeforeItIsRead() throws IOException {
    Path file = writeSample("m.safetensors");
    try (TensorSource source = Safetensors.open(file)) {
      source.requireWhole();
      try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
        access.setLength(100);
      }
      assertThatThrownBy(source::requireWhole)
          .isInstanceOf(SafetensorsException.class)
          .hasMessageContainingAll(file.toString(), "truncated", "found 100 bytes, expected 400");
    }
  }

  @ParameterizedTest
  @EnumSource(Storage.class)
  void whatIsOpenStaysWholeWhenItsFileIsReplacedByAShorterOne(Storage storage) throws IOException {
    Path file = writeSample("m.safetensors");
    Path other = folder.resolve("other.safetensors");
    new SafetensorsWriter().write(other);
    try (TensorSource source = Safetensors.open(file, storage)) {
      Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
      source.requireWhole();
      Files.delete(file);
      source.requireWhole();
    }
  }

  @Test
  void aCopyIsAlignedToCacheLines() throws IOException {
    try (TensorSource source = Safetensors.open(writeSample("m.safetensors"), Storage.COPY)) {
      assertThat(source.tensor("w").segment().address() % 64).isZero();
    }
  }

  @Test
  void aMappingOutlivesReplacementAndDeletion() throws IOException {
    Path file = writeSample("m.safetensors");
    Path other = folder.resolve("other.safetensors");
    new SafetensorsWriter().write(other);
    try (TensorSource source = Safetensors.open(file)) {
      source.verifyUnchanged();

      Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
      assertThat(source.tensor("w").floatAt(LENGTH - 1)).isEqualTo(LENGTH - 1f);
      assertThatThrownBy(source::verifyUnchanged)
          .isInstanceOf(SafetensorsException.class)
          .hasMessageContaining("was replaced by another file");

      Files.delete(file);
      assertThat(source.tensor("w").floatAt(LENGTH - 1)).isEqualTo(LENGTH - 1f);
      assertThatThrownBy(source::verifyUnchanged)
          .isInstanceOf(SafetensorsException.class)
          .hasMessageContaining("no such file");
    }
  }

  @Test
  void aChangeOfTheTimeStampIsSeen() throws IOException {
    Path file = writeSample("m.safetensors");
    try (TensorSource source = Safetensors.open(file)) {
      Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000));
      assertThatThrownBy(source::verifyUnchanged)
          .isInstanceOf(SafetensorsException.class)
          .hasMessageContainingAll("changed", "last modified 1970-01-01");
    }
  }

  @ParameterizedTest
  @EnumSource(Storage.class)
  void manyThreadsReadOneSource(Storage storage) throws Exception {
    try (TensorSource source = Safetensors.open(writeSample("m.safetensors"), storage);
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      Callable<Double> sum =
          () -> {
            double total = 0;
            for (float value : source.tensor("w").toFloatArray()) {
              total += value;
            }
            return total;
          };
      for (Future<Double> result : threads.invokeAll(List.of(sum, sum, sum, sum, sum, sum))) {
        assertThat(result.get()).isEqualTo(LENGTH * (LENGTH - 1.0) / 2);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Storage.class)
  void closingUnderReadersStopsThemWithAnIllegalState(Storage storage) throws Exception {
    int readers = 3;
    CountDownLatch reading = new CountDownLatch(readers);
    try (ExecutorService threads = Executors.newFixedThreadPool(readers)) {
      TensorSource source = Safetensors.open(writeSample("m.safetensors"), storage);
      Tensor tensor = source.tensor("w");
      List<Future<Throwable>> outcomes = new ArrayList<>();
      for (int i = 0; i < readers; i++) {
        outcomes.add(threads.submit(() -> readUntilItFails(tensor, reading)));
      }
      reading.await();
      source.close();
      for (Future<Throwable> outcome : outcomes) {
        assertThat(outcome.get()).isInstanceOf(IllegalStateException.class);
      }
    }
  }

  @SuppressWarnings("InfiniteLoopStatement")
  private static Throwable readUntilItFails(Tensor tensor, CountDownLatch reading) {
    long index = 0;
    try {
      while (true) {
        if (tensor.floatAt(index % LENGTH) != index % LENGTH) {
          return new AssertionError("wrong value at " + index);
        }
        if (++index == 1000) {
          reading.countDown();
        }
      }
    } catch (RuntimeException e) {
      return e;
    }
  }

  /** Sparse: the file system stores only what was written, and mapping reads nothing. */
  @Test
  void readsTensorsBeyondFourGiB() throws IOException {
    long bigBytes = 5L << 30;
    String json =
        "{"
            + TestFiles.entry("big", "U8", "[%d]".formatted(bigBytes), 0, bigBytes)
            + ","
            + TestFiles.entry("beyond", "I32", "[2]", bigBytes, bigBytes + 8)
            + "}";
    byte[] head = TestFiles.bytes(json.getBytes(StandardCharsets.UTF_8), 0);
    Path file = folder.resolve("sparse.safetensors");
    long marked = (1L << 32) + 7;
    try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
      access.setLength(head.length + bigBytes + 8);
      access.write(head);
      access.seek(head.length + marked);
      access.write(42);
      access.seek(head.length + bigBytes);
      access.write(new byte[] {1, 0, 0, 0, 0, 0, 0, (byte) 0x80});
    }
    try (TensorSource source = Safetensors.open(file)) {
      assertThat(source.byteSize()).isEqualTo(bigBytes + 8);
      Tensor big = source.tensor("big");
      assertThat(big.intAt(marked)).isEqualTo(42);
      assertThat(big.intAt(bigBytes - 1)).isZero();
      assertThat(big.segment().byteSize()).isEqualTo(bigBytes);
      assertThat(source.tensor("beyond").intAt(0)).isEqualTo(1);
      assertThat(source.tensor("beyond").intAt(1)).isEqualTo(Integer.MIN_VALUE);
    }
  }

  @Test
  void anArrayOfMoreThanTwoBillionElementsIsRefused() throws IOException {
    long count = 1L << 31;
    String json = "{" + TestFiles.entry("big", "F8_E4M3", "[%d]".formatted(count), 0, count) + "}";
    byte[] head = TestFiles.bytes(json, 0);
    Path file = folder.resolve("sparse.safetensors");
    try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
      access.setLength(head.length + count);
      access.write(head);
    }
    try (TensorSource source = Safetensors.open(file)) {
      Tensor tensor = source.tensor("big");
      assertThatThrownBy(tensor::toFloatArray)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("\"big\"", "2147483648 elements");
      assertThat(tensor.floatAt(count - 1)).isZero();
    }
  }
}
