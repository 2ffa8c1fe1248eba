package io.github.nextclass.safetensors;

import static io.github.nextclass.safetensors.TestFiles.entry;
import static io.github.nextclass.safetensors.TestFiles.golden;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of the reference are read as the reference reads them. */
class GoodFileTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(Storage.class)
  void readsEveryTypeThatTheReferenceWrites(Storage storage) throws IOException {
    try (TensorSource source = Safetensors.open(golden("all-dtypes"), storage);
        TensorSource sixBits = Safetensors.open(golden("six-bits"), storage)) {
      assertThat(source.metadata()).containsOnly(Map.entry("format", "bytes"));
      for (DType dtype : DType.values()) {
        String name = "t." + dtype;
        Tensor tensor = (sixBits.contains(name) ? sixBits : source).tensor(name);
        assertThat(tensor.dtype()).isEqualTo(dtype);
        assertThat(tensor.shape()).containsExactly(3, 4);
        assertThat(tensor.rank()).isEqualTo(2);
        assertThat(tensor.elementCount()).isEqualTo(12);
        assertThat(tensor.byteSize()).isEqualTo(12L * dtype.bits() / 8);
        assertThat(tensor.segment().isReadOnly()).isTrue();
        assertThat(tensor.segment().toArray(ValueLayout.JAVA_BYTE))
            .as(name)
            .isEqualTo(pattern(dtype, (int) tensor.byteSize()));
      }
      assertThat(source.names().size() + sixBits.names().size()).isEqualTo(DType.values().length);
      assertThat(source.byteSize())
          .isEqualTo(source.names().stream().mapToLong(n -> sizeOf(source, n)).sum());
    }
  }

  private static long sizeOf(TensorSource source, String name) {
    try {
      return source.tensor(name).byteSize();
    } catch (SafetensorsException e) {
      throw new AssertionError(e);
    }
  }

  /** The pattern of scripts/make_safetensors_goldens.py. */
  private static byte[] pattern(DType dtype, int size) {
    byte[] bytes = new byte[size];
    for (int i = 0; i < size; i++) {
      bytes[i] = (byte) ((37 * i + 11 * dtype.name().length()) % (dtype == DType.BOOL ? 2 : 251));
    }
    return bytes;
  }

  @ParameterizedTest
  @ValueSource(strings = {"f16", "bf16", "f8_e4m3"})
  void widensSmallFloatsAsPyTorchDoes(String name) throws IOException {
    try (TensorSource source = Safetensors.open(golden("values"))) {
      Tensor small = source.tensor(name);
      Tensor widened = source.tensor(name + ".widened");
      float[] values = small.toFloatArray();
      assertThat(values).hasSize((int) widened.elementCount()).hasSizeGreaterThan(10);
      for (int i = 0; i < values.length; i++) {
        float expected = widened.floatAt(i);
        // Bits, not values: a zero has a sign. All NaNs are one.
        assertThat(Float.floatToIntBits(values[i]))
            .as("element %d: %s, expected %s", i, values[i], expected)
            .isEqualTo(Float.floatToIntBits(expected));
        assertThat(small.floatAt(i)).isEqualTo(Float.valueOf(values[i]));
      }
    }
  }

  @Test
  void readsFloatsAndIntegers() throws IOException {
    try (TensorSource source = Safetensors.open(golden("values"))) {
      assertThat(source.tensor("f32").toFloatArray())
          .containsExactly(
              0f, -0f, 1.5f, Float.MAX_VALUE, Float.MIN_VALUE, Float.NEGATIVE_INFINITY);
      assertThat(longs(source.tensor("i8"))).containsExactly(-128, -1, 0, 127);
      assertThat(longs(source.tensor("u8"))).containsExactly(0, 1, 128, 255);
      assertThat(source.tensor("u8").intAt(3)).isEqualTo(255);
      assertThat(longs(source.tensor("i32")))
          .containsExactly(Integer.MIN_VALUE, -1, Integer.MAX_VALUE);
      assertThat(source.tensor("i32").intAt(0)).isEqualTo(Integer.MIN_VALUE);
      assertThat(longs(source.tensor("i64"))).containsExactly(Long.MIN_VALUE, -1, Long.MAX_VALUE);

      Tensor scalar = source.tensor("scalar");
      assertThat(scalar.shape()).isEmpty();
      assertThat(scalar.elementCount()).isEqualTo(1);
      assertThat(scalar.floatAt(0)).isEqualTo(2.5f);

      Tensor empty = source.tensor("empty");
      assertThat(empty.shape()).containsExactly(0, 3);
      assertThat(empty.toFloatArray()).isEmpty();
      assertThatThrownBy(() -> empty.floatAt(0)).isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  private static long[] longs(Tensor tensor) {
    return LongStream.range(0, tensor.elementCount()).map(tensor::longAt).toArray();
  }

  @Test
  void checksIndexesAndTypes() throws IOException {
    try (TensorSource source = Safetensors.open(golden("values"));
        TensorSource bytes = Safetensors.open(golden("all-dtypes"))) {
      for (String name : new String[] {"f16", "f32", "f8_e4m3"}) {
        Tensor tensor = source.tensor(name);
        long[] outside = {
          -1, tensor.elementCount(), Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE / 4 + 2
        };
        for (long index : outside) {
          assertThatThrownBy(() -> tensor.floatAt(index))
              .isInstanceOf(IndexOutOfBoundsException.class);
        }
      }
      assertThatThrownBy(() -> source.tensor("i64").longAt(3))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> bytes.tensor("t.C64").floatAt(0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("\"t.C64\"", "found dtype C64", "F32, F16, BF16 or F8_E4M3");
      assertThatThrownBy(() -> bytes.tensor("t.F64").toFloatArray())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("\"t.F64\"", "found dtype F64");
      assertThatThrownBy(() -> source.tensor("i64").intAt(0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("\"i64\"", "found dtype I64", "I8, U8 or I32");
      assertThatThrownBy(() -> source.tensor("f32").longAt(0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("\"f32\"", "found dtype F32");
    }
  }

  @Test
  void aMissingTensorIsNamedWithTheFile() throws IOException {
    try (TensorSource source = Safetensors.open(golden("values"))) {
      assertThat(source.contains("lm_head.weight")).isFalse();
      assertThatThrownBy(() -> source.tensor("lm_head.weight"))
          .isInstanceOf(SafetensorsException.class)
          .hasMessageContainingAll(
              golden("values").toString(), "\"lm_head.weight\"", "not found among the 13 tensors");
    }
  }

  @Test
  void toleratesWhatTheReferenceTolerates() throws IOException {
    String json =
        " \n\t\r{\"__metadata__\": null, \"empty last\": {\"dtype\":\"F32\",\"shape\":[0,9],"
            + "\"data_offsets\":[3,3], \"unknown\":{\"x\":[1,{}]}},"
            + entry("b", "U8", "[]", 2, 3)
            + ","
            + entry("empty first", "U8", "[0]", 0, 0)
            + ","
            + entry("a", "U8", "[2]", 0, 2)
            + "} \n";
    try (TensorSource source = Safetensors.open(TestFiles.write(folder, json, 3))) {
      assertThat(source.names()).containsExactly("empty first", "a", "b", "empty last");
      assertThat(source.metadata()).isEmpty();
      assertThat(source.byteSize()).isEqualTo(3);
    }
    try (TensorSource source = Safetensors.open(golden("no-tensors"))) {
      assertThat(source.names()).isEmpty();
    }
  }

  /** Files of other writers have headers of any length. */
  @Test
  void readsUnalignedTensors() throws IOException {
    String json = "{" + entry("a", "U8", "[1]", 0, 1) + "," + entry("b", "F32", "[2]", 1, 9) + "}";
    Path file = TestFiles.write(folder, json, 9);
    for (Storage storage : Storage.values()) {
      try (TensorSource source = Safetensors.open(file, storage)) {
        assertThat(source.tensor("b").toFloatArray()).containsExactly(0f, 0f);
        assertThat(source.tensor("b").floatAt(1)).isZero();
      }
    }
  }

  @Test
  void handsOutNothingThatCanBeChanged() throws IOException {
    try (TensorSource source = Safetensors.open(golden("values"), Storage.COPY)) {
      Tensor tensor = source.tensor("f32");
      tensor.shape()[0] = 99;
      assertThat(tensor.shape()).containsExactly(2, 3);
      assertThatThrownBy(() -> tensor.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> source.names().remove("f32"))
          .isInstanceOf(UnsupportedOperationException.class);
      assertThatThrownBy(() -> source.metadata().put("a", "b"))
          .isInstanceOf(UnsupportedOperationException.class);
    }
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void copiesRows(DType dtype) throws IOException {
    String name = "t." + dtype;
    Tensor rows;
    byte[] all;
    try (TensorSource six = Safetensors.open(golden("six-bits"));
        TensorSource source = Safetensors.open(golden("all-dtypes"))) {
      Tensor tensor = (six.contains(name) ? six : source).tensor(name);
      all = tensor.segment().toArray(ValueLayout.JAVA_BYTE);
      rows = tensor.selectRows(2, 0, 2, 1);
      assertThatThrownBy(() -> tensor.selectRows(0, 3))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> tensor.selectRows(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    }
    assertThat(rows.name()).isEqualTo(name);
    assertThat(rows.dtype()).isEqualTo(dtype);
    assertThat(rows.shape()).containsExactly(4, 4);
    assertThat(rows.segment().isReadOnly()).isTrue();
    int rowBytes = all.length / 3;
    byte[] copied = rows.segment().toArray(ValueLayout.JAVA_BYTE); // the source is closed
    assertThat(copied).hasSize(4 * rowBytes);
    int[] expected = {2, 0, 2, 1};
    for (int i = 0; i < copied.length; i++) {
      assertThat(copied[i])
          .as("byte %d", i)
          .isEqualTo(all[expected[i / rowBytes] * rowBytes + i % rowBytes]);
    }
  }

  @Test
  void onlyAMatrixHasRows() throws IOException {
    try (TensorSource source = Safetensors.open(golden("names"))) {
      Tensor vector = source.tensor("a");
      assertThatThrownBy(() -> vector.selectRows(0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("found 1 dimensions, expected 2");
    }
  }
}
