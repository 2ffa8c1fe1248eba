package io.github.nextclass.safetensors;

import static io.github.nextclass.safetensors.TestFiles.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every bad file is refused with a message that names file, tensor, found and expected. */
class BadFileTest {
  @TempDir Path folder;

  private static final String GOOD = entry("a", "U8", "[2]", 0, 2);

  static Stream<Arguments> badJson() {
    return Stream.of(
        bad("no JSON at all", "", 0, "invalid JSON at offset 0", "expected '{'"),
        bad("one byte", "{", 0, "invalid JSON", "end-of-input"),
        bad("an array", "[]", 0, "offset 0", "found byte 0x5b", "object expected"),
        bad("null", "null", 0, "offset 0", "object expected"),
        bad("a byte order mark", "\ufeff{}", 0, "found byte 0xef", "object expected"),
        bad("UTF-16", "{\0}\0", 0, "found a NUL byte at offset 1", "expected UTF-8"),
        bad("cut off", "{\"a\":{\"dtype\":\"U8\",", 0, "\"a\"", "invalid JSON at character 19"),
        bad("text behind it", "{} x", 0, "invalid JSON", "'x'"),
        bad("a value behind it", "{} {}", 0, "found an object after the JSON object", "its end"),
        bad("half a surrogate pair in a name", "{\"\\ud800\":1}", 0, "urrogate"),
        bad("the other half", "{\"\\udc00\":1}", 0, "urrogate"),
        bad(
            "half a pair in a value",
            "{\"__metadata__\":{\"k\":\"\\ud800x\"}}",
            0,
            "found the lone surrogate \\ud800"),
        bad(
            "the other half in a value",
            "{\"__metadata__\":{\"k\":\"\\ud83d\\ude00\\ude00\"}}",
            0,
            "found the lone surrogate \\ude00"),
        bad("a raw newline in a name", "{\"a\nb\":1}", 0, "invalid JSON at character"),
        bad("nesting", "{\"a\":{\"x\":" + "[".repeat(100_000), 0, "\"a\"", "deeper than 8"),
        bad("an entry twice", "{" + GOOD + "," + GOOD + "}", 2, "uplicate", "\"a\""),
        bad(
            "a key twice",
            "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}",
            2,
            "tensor \"a\"",
            "uplicate",
            "dtype"),
        bad(
            "a metadata key twice",
            "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}",
            0,
            "uplicate",
            "\"k\""),
        bad(
            "an unknown dtype",
            "{" + entry("a", "Q4", "[2]", 0, 2) + "}",
            2,
            "tensor \"a\"",
            "unknown dtype \"Q4\"",
            "BOOL, F4, F6_E2M3, F6_E3M2, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, F8_E4M3FNUZ,"
                + " F8_E5M2FNUZ, I16, U16, F16, BF16, I32, U32, F32, C64, F64, I64, U64"),
        bad("a dtype in small letters", "{" + entry("a", "u8", "[2]", 0, 2) + "}", 2, "\"u8\""),
        bad("a number as dtype", "{\"a\":{\"dtype\":8}}", 0, "dtype must be a string, found 8"),
        bad(
            "no dtype",
            "{\"a\":{\"shape\":[2],\"data_offsets\":[0,2]}}",
            2,
            "\"a\"",
            "missing dtype",
            "expected dtype, shape and data_offsets"),
        bad("no shape", "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,2]}}", 2, "missing shape"),
        bad("no offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[2]}}", 2, "missing data_offsets"),
        bad("an entry that is a list", "{\"a\":[1]}", 0, "must be an object, found an array"),
        bad("a shape that is a number", "{\"a\":{\"shape\":3}}", 0, "shape must be an array"),
        badShape("[1,-1]", "shape[1] must be a non-negative integer", "found -1"),
        badShape("[1,2.5]", "shape[1] must be a non-negative integer", "found 2.5"),
        badShape("[1,1e3]", "shape[1] must be a non-negative integer", "found 1e3"),
        badShape("[-0]", "shape[0] must be a non-negative integer", "found -0"),
        badShape("[\"2\"]", "shape[0] must be a non-negative integer", "found the string \"2\""),
        badShape("[null]", "shape[0] must be a non-negative integer", "found null"),
        badShape("[[2]]", "shape[0] must be a non-negative integer", "found an array"),
        badShape("[9223372036854775808]", "at most 2^63 - 1", "found 9223372036854775808"),
        badShape("[2,9223372036854775807]", "overflows", "found U8 [2, 9223372036854775807]"),
        badShape("[" + "1,".repeat(64) + "1]", "shape must hold at most 64 numbers"),
        badShape("[1" + "0".repeat(200) + "]", "invalid JSON", "Number value length"),
        bad(
            "overflow of bytes",
            "{" + entry("a", "F32", "[4611686018427387904]", 0, 2) + "}",
            2,
            "\"a\"",
            "overflows",
            "found F32 [4611686018427387904]"),
        bad(
            "half a byte",
            "{" + entry("a", "F4", "[3]", 0, 2) + "}",
            2,
            "do not fill whole bytes",
            "found F4 [3], that is 3 elements of 4 bits"),
        bad(
            "an end before the begin",
            "{" + entry("a", "U8", "[2]", 2, 0) + "}",
            2,
            "\"a\"",
            "found [2, 0], expected begin <= end"),
        bad(
            "a hole",
            "{" + GOOD + "," + entry("b", "U8", "[1]", 3, 4) + "}",
            4,
            "tensor \"b\"",
            "hole before the tensor: found data_offsets [3, 4], expected begin 2"),
        bad(
            "an overlap",
            "{" + GOOD + "," + entry("b", "U8", "[2]", 1, 3) + "}",
            3,
            "tensor \"b\"",
            "overlaps the tensor before it: found data_offsets [1, 3], expected begin 2"),
        bad(
            "a first offset that is not 0",
            "{" + entry("a", "U8", "[2]", 8, 10) + "}",
            10,
            "\"a\"",
            "must begin at offset 0: found data_offsets [8, 10]"),
        bad(
            "a size that is not that of shape and dtype",
            "{" + entry("a", "F16", "[2]", 0, 2) + "}",
            2,
            "\"a\"",
            "found data_offsets [0, 2] of 2 bytes, expected 4 for F16 [2]"),
        bad("trailing bytes", "{" + GOOD + "}", 7, "found 5 trailing bytes", "expected"),
        bad("bytes without tensors", "{}", 1, "found 1 trailing bytes"),
        bad(
            "a file 2 bytes short",
            "{" + entry("a", "U8", "[9]", 0, 9) + "}",
            7,
            "\"a\"",
            "cut off: found 7 bytes of tensor data in the file, expected at least 9"),
        bad(
            "three offsets",
            "{\"a\":{\"data_offsets\":[0,1,2]}}",
            1,
            "data_offsets must hold at most 2 numbers"),
        bad(
            "one offset",
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0]}}",
            1,
            "data_offsets must hold 2 numbers, begin and end, found 1"),
        bad(
            "metadata of numbers",
            "{\"__metadata__\":{\"epoch\":3}}",
            0,
            "value of \"epoch\" in __metadata__ must be a string, found 3"),
        bad(
            "metadata that is a list",
            "{\"__metadata__\":[]}",
            0,
            "__metadata__ must be an object"),
        bad(
            "a control character in a name is shown escaped",
            "{\"a\\u001b[2J\":{}}",
            0,
            "tensor \"a\\u001b[2J\": missing dtype"));
  }

  private static Arguments bad(String what, String json, int dataBytes, String... message) {
    return Arguments.of(what, json, dataBytes, List.of(message));
  }

  private static Arguments badShape(String shape, String... message) {
    String shown = shape.length() < 40 ? shape : shape.substring(0, 40);
    return bad("shape " + shown, "{" + entry("a", "U8", shape, 0, 2) + "}", 2, message);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badJson")
  void refusesBadJson(String what, String json, int dataBytes, List<String> message)
      throws IOException {
    Path file = TestFiles.write(folder, json, dataBytes);

    for (Storage storage : Storage.values()) {
      assertThatThrownBy(() -> Safetensors.open(file, storage))
          .as(what)
          .isInstanceOf(SafetensorsException.class)
          .hasMessageStartingWith(file + ": ")
          .hasMessageContainingAll(message.toArray(String[]::new));
    }
  }

  @Test
  void refusesFilesShorterThanThePrefix() throws IOException {
    Path file = folder.resolve("bad.safetensors");
    Files.write(file, new byte[0]);
    assertRefused(file, "file has 0 bytes, need >= 8");
    Files.write(file, new byte[7]);
    assertRefused(file, "file has 7 bytes, need >= 8");
  }

  @Test
  void refusesHeaderLengthsAboveTheLimitAndBeyondTheFile() throws IOException {
    assertRefused(
        withHeaderLength(Long.MIN_VALUE), "header length 9223372036854775808 > limit 100000000");
    assertRefused(withHeaderLength(-1), "header length 18446744073709551615 > limit 100000000");
    assertRefused(withHeaderLength(100_000_001), "header length 100000001 > limit 100000000");
    assertRefused(
        withHeaderLength(100_000_000), "header claims 100000000 bytes, file has 60 after");
    assertRefused(withHeaderLength(1000), "header claims 1000 bytes, file has 60 after the 8-byte");
  }

  private Path withHeaderLength(long length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(68).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
    return Files.write(folder.resolve("bad.safetensors"), bytes.array());
  }

  @Test
  void refusesTextThatIsNotUtf8AndSaysWhere() throws IOException {
    for (byte[] bad :
        List.of(
            new byte[] {(byte) 0xc3, '"'},
            new byte[] {(byte) 0xff},
            new byte[] {(byte) 0xc0, (byte) 0x80},
            new byte[] {(byte) 0xed, (byte) 0xa0, (byte) 0x80})) {
      byte[] json =
          ByteBuffer.allocate(20 + bad.length + 1)
              .put("  {\"abcdefghijklmnopq".getBytes(StandardCharsets.UTF_8), 0, 20)
              .put(bad)
              .put((byte) '}')
              .array();
      Path file = Files.write(folder.resolve("bad.safetensors"), TestFiles.bytes(json, 0));
      assertRefused(
          file, "not UTF-8: found byte 0x%02x at offset 20".formatted(Byte.toUnsignedInt(bad[0])));
    }
    // A character that the end of the header cuts in two.
    byte[] cut = {'{', '}', ' ', (byte) 0xe2, (byte) 0x82};
    Path file = Files.write(folder.resolve("bad.safetensors"), TestFiles.bytes(cut, 0));
    assertRefused(file, "not UTF-8: found byte 0xe2 at offset 3");
  }

  @Test
  void refusesMoreTensorsThanTheLimit() throws IOException {
    Path file = TestFiles.write(folder, emptyTensors(200_001), 0);
    assertRefused(file, "found more than 200000 tensors");
    try (TensorSource raised = Safetensors.open(file, Storage.MMAP, 200_001)) {
      assertThat(raised.names()).hasSize(200_001);
    }
    assertThatThrownBy(() -> Safetensors.open(file, Storage.MMAP, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static String emptyTensors(int count) {
    return tensors(count, i -> "t" + i, entry("", "U8", "[0]", 0, 0));
  }

  /** So many tensors that differ in their names only; fast, because some tests need a million. */
  private static String tensors(int count, IntFunction<String> name, String namelessEntry) {
    String rest = namelessEntry.substring(1);
    StringBuilder json = new StringBuilder("{");
    for (int i = 0; i < count; i++) {
      json.append(i == 0 ? "\"" : ",\"").append(name.apply(i)).append(rest);
    }
    return json.append('}').toString();
  }

  /** The attack of the reference's own suite; quadratic checks would take hours. */
  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void refusesAMillionOverlappingTensors() throws IOException {
    String json = tensors(1_000_000, i -> "t" + i, entry("", "U8", "[16]", 0, 16));
    Path file = TestFiles.write(folder, json, 16);
    assertRefused(file, "found more than 200000 tensors");
    assertThatThrownBy(() -> Safetensors.open(file, Storage.MMAP, 2_000_000))
        .isInstanceOf(SafetensorsException.class)
        .hasMessageContainingAll("overlaps", "[0, 16], expected begin 16");
  }

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void refusesNamesOf64KiB() throws IOException {
    String padding = "n".repeat(65_536);
    String json = tensors(1400, i -> padding + i, entry("", "U8", "[0]", 0, 0));
    assertRefused(TestFiles.write(folder, json, 0), "32768");
    String longest = "n".repeat(32_768);
    try (TensorSource source =
        Safetensors.open(
            TestFiles.write(folder, "{" + entry(longest, "U8", "[0]", 0, 0) + "}", 0))) {
      assertThat(source.names()).containsExactly(longest);
    }
  }

  /** The strings "Aa" and "BB" share a hash code, and so do all their concatenations. */
  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void isNotSlowedDownByNamesOfOneHashCode() throws IOException {
    IntFunction<String> name =
        i -> {
          StringBuilder pairs = new StringBuilder();
          for (int bit = 0; bit < 16; bit++) {
            pairs.append((i >> bit & 1) == 0 ? "Aa" : "BB");
          }
          return pairs.toString();
        };
    assertThat(name.apply(0)).hasSameHashCodeAs(name.apply(0xffff));
    String json = tensors(1 << 16, name, entry("", "U8", "[0]", 0, 0));
    try (TensorSource source = Safetensors.open(TestFiles.write(folder, json, 0))) {
      assertThat(source.names()).hasSize(1 << 16);
    }
  }

  @ParameterizedTest
  @EnumSource(Storage.class)
  @Timeout(value = 20, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void refusesWhatIsNoRegularFile(Storage storage) throws Exception {
    Path fifo = folder.resolve("pipe.safetensors");
    Assumptions.assumeTrue(
        makeFifo(fifo), "mkfifo is not there: the pipe is not tested on this system");
    assertThatThrownBy(() -> Safetensors.open(fifo, storage))
        .isInstanceOf(SafetensorsException.class)
        .hasMessageContainingAll(fifo.toString(), "not a regular file");
  }

  static boolean makeFifo(Path path) throws InterruptedException {
    try {
      return new ProcessBuilder("mkfifo", path.toString()).start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void namesWhatIsMissing() {
    assertRefused(folder.resolve("none.safetensors"), "no such file");
    assertRefused(folder, "folder has neither model.safetensors.index.json nor model.safetensors");
  }

  private static void assertRefused(Path file, String... message) {
    assertThatThrownBy(() -> Safetensors.open(file))
        .isInstanceOf(SafetensorsException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContainingAll(message);
  }
}
