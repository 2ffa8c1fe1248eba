package io.github.nextclass.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Any bytes are read or refused with a {@link SafetensorsException}.
 *
 * <p>The build runs the seeds in the resources. To search for more, in the folder of the module:
 * {@code JAZZER_FUZZ=1 mvn test -Dtest=ParserFuzzTest#wholeFile}, and the same for the others.
 */
class ParserFuzzTest {
  private static final Path FILE = Path.of("fuzzed");

  /** Through the front door: prefix, header and data. */
  @FuzzTest(maxDuration = "2m")
  void wholeFile(byte[] bytes) throws IOException {
    Path file = Files.createTempFile("fuzz", ".safetensors");
    try {
      Files.write(file, bytes);
      try (TensorSource source = Safetensors.open(file, Storage.COPY)) {
        long totalBytes = 0;
        for (String name : source.names()) {
          totalBytes += source.tensor(name).segment().byteSize();
        }
        assertThat(totalBytes).isEqualTo(source.byteSize()).isLessThan(bytes.length);
      } catch (SafetensorsException e) {
        assertThat(e).hasMessageStartingWith(file + ": ");
      }
    } finally {
      Files.delete(file);
    }
  }

  /** The JSON alone, which mutates further when no length must fit. */
  @FuzzTest(maxDuration = "2m")
  void header(byte[] json) {
    long dataBytes = 64;
    try {
      checkRules(HeaderParser.parse(FILE, json, dataBytes, 1000), dataBytes);
    } catch (SafetensorsException e) {
      assertThat(e).hasMessageStartingWith("fuzzed: ");
    }
  }

  @FuzzTest(maxDuration = "2m")
  void index(byte[] json) {
    try {
      ShardIndex index = ShardIndex.parse(FILE, json, 1000);
      for (Path shard : index.shards()) {
        assertThat(shard.normalize()).isEqualTo(shard).hasNoParentRaw();
      }
    } catch (SafetensorsException e) {
      assertThat(e).hasMessageStartingWith("fuzzed: ");
    }
  }

  /** What a header promises to everybody behind it. */
  static void checkRules(Header header, long dataBytes) {
    long covered = 0;
    for (TensorInfo tensor : header.tensors()) {
      assertThat(tensor.begin()).isEqualTo(covered);
      assertThat(tensor.end() - tensor.begin()).isEqualTo(tensor.extent().byteSize());
      covered = tensor.end();
    }
    assertThat(covered).isEqualTo(dataBytes);
  }
}
