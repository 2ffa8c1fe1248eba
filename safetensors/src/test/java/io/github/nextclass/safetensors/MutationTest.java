package io.github.nextclass.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Valid headers with a few bytes changed: each is read or refused, and what is read keeps the
 * rules. Seeded, so that a failure repeats.
 */
class MutationTest {
  private static final Path FILE = Path.of("mutated");

  /** Pieces that a parser may trip over. */
  private static final List<String> PIECES =
      List.of(
          "\"",
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "-",
          "0",
          "9",
          "1e9",
          "null",
          "\\u0000",
          "\\ud800",
          "é",
          "9223372036854775807",
          "9223372036854775808",
          "__metadata__",
          "data_offsets",
          "F4",
          " ");

  @Test
  void mutatedHeadersAreReadOrRefused() throws IOException {
    int read = 0;
    for (String golden : List.of("all-dtypes", "values", "names", "six-bits")) {
      byte[] file = Files.readAllBytes(TestFiles.golden(golden));
      int jsonBytes = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
      byte[] json = Arrays.copyOfRange(file, 8, 8 + jsonBytes);
      long dataBytes = file.length - 8L - jsonBytes;
      for (long seed = 0; seed < 5_000; seed++) {
        if (readsOrRefuses(golden, seed, mutate(json, new Random(seed)), dataBytes)) {
          read++;
        }
      }
    }
    assertThat(read).as("some mutations only rename a tensor").isPositive();
  }

  private static boolean readsOrRefuses(String golden, long seed, byte[] json, long dataBytes) {
    Header header;
    try {
      header = HeaderParser.parse(FILE, json, dataBytes, 1000);
    } catch (SafetensorsException e) {
      assertThat(e).hasMessageStartingWith("mutated: ");
      return false;
    } catch (RuntimeException | Error e) {
      throw new AssertionError("golden %s, seed %d".formatted(golden, seed), e);
    }
    ParserFuzzTest.checkRules(header, dataBytes);
    return true;
  }

  private static byte[] mutate(byte[] original, Random random) {
    byte[] bytes = original.clone();
    for (int i = random.nextInt(3); i >= 0; i--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] = (byte) random.nextInt(256);
        case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> bytes = splice(bytes, at, Math.min(bytes.length, at + random.nextInt(20)), "");
        default ->
            bytes =
                splice(
                    bytes,
                    at,
                    Math.min(bytes.length, at + random.nextInt(3)),
                    PIECES.get(random.nextInt(PIECES.size())));
      }
      if (bytes.length == 0) {
        return bytes;
      }
    }
    return bytes;
  }

  private static byte[] splice(byte[] bytes, int from, int to, String insert) {
    byte[] middle = insert.getBytes(StandardCharsets.UTF_8);
    byte[] result = new byte[from + middle.length + bytes.length - to];
    System.arraycopy(bytes, 0, result, 0, from);
    System.arraycopy(middle, 0, result, from, middle.length);
    System.arraycopy(bytes, to, result, from + middle.length, bytes.length - to);
    return result;
  }
}
