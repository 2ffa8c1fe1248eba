package io.github.nextclass.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sharded checkpoints, good and bad. */
class ShardIndexTest {
  private static final String ONE = "model-00001-of-00003.safetensors";
  private static final String TWO = "model-00002-of-00003.safetensors";
  private static final String THREE = "model-00003-of-00003.safetensors";

  @TempDir Path folder;

  /** Three shards of one tensor each, and their index. */
  private Path writeCheckpoint() throws IOException {
    writeShard(ONE, "a", 1);
    writeShard(TWO, "b", 2);
    writeShard(THREE, "c", 3);
    return writeIndex(Map.of("a", ONE, "b", TWO, "c", THREE));
  }

  private void writeShard(String shard, String tensor, float value) throws IOException {
    new SafetensorsWriter()
        .metadata("format", "pt")
        .metadata("only in " + tensor, "yes")
        .add(tensor, new long[] {1}, new float[] {value})
        .write(folder.resolve(shard));
  }

  private Path writeIndex(Map<String, String> weightMap) throws IOException {
    return writeIndex(
        new TreeMap<>(weightMap)
            .entrySet().stream()
                .map(entry -> "\"%s\": \"%s\"".formatted(entry.getKey(), entry.getValue()))
                .collect(
                    Collectors.joining(
                        ", ", "{\"metadata\": {\"total_size\": 12.0}, \"weight_map\": {", "}}\n")));
  }

  private Path writeIndex(String json) throws IOException {
    return Files.writeString(folder.resolve("model.safetensors.index.json"), json);
  }

  @ParameterizedTest
  @EnumSource(Storage.class)
  void readsThreeShardsAsOne(Storage storage) throws IOException {
    Path index = writeCheckpoint();
    for (Path path : new Path[] {folder, index}) {
      try (TensorSource source = Safetensors.open(path, storage)) {
        assertThat(source.names()).containsExactly("a", "b", "c");
        assertThat(source.tensor("a").floatAt(0)).isEqualTo(1);
        assertThat(source.tensor("c").floatAt(0)).isEqualTo(3);
        assertThat(source.byteSize()).isEqualTo(12);
        assertThat(source.metadata())
            .containsOnlyKeys("format", "only in a", "only in b", "only in c");
        source.verifyUnchanged();
        assertThatThrownBy(() -> source.tensor("d"))
            .isInstanceOf(SafetensorsException.class)
            .hasMessageContainingAll(index.toString(), "\"d\"");
      }
    }
  }

  @Test
  void theIndexWinsOverASingleFile() throws IOException {
    writeShard("model.safetensors", "single", 9);
    try (TensorSource source = Safetensors.open(folder)) {
      assertThat(source.names()).containsExactly("single");
    }
    writeCheckpoint();
    try (TensorSource source = Safetensors.open(folder)) {
      assertThat(source.names()).containsExactly("a", "b", "c");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../etc/passwd",
        "/etc/passwd",
        "a/b",
        "a/",
        "./model.safetensors",
        ".",
        "..",
        "",
        "..\\\\model.safetensors",
        "C:model.safetensors",
        "a\\u0000b",
        "a\\nb"
      })
  void refusesShardNamesThatAreNoPlainFileNames(String shard) throws IOException {
    Path index = writeIndex(Map.of("a", shard));
    assertRefused(index, "tensor \"a\"", "shard name must be a plain file name", "found \"");
  }

  @Test
  void listsAllMissingShards() throws IOException {
    Path index = writeCheckpoint();
    Files.delete(folder.resolve(ONE));
    Files.delete(folder.resolve(THREE));
    assertRefused(index, "2 of 3 shards are missing: " + ONE + ", " + THREE);
  }

  @Test
  void refusesATensorThatItsShardDoesNotHold() throws IOException {
    writeCheckpoint();
    Path index = writeIndex(Map.of("a", ONE, "b", TWO, "c", THREE, "d", TWO));
    assertRefused(index, "tensor \"d\"", "not found in shard \"" + TWO + "\"");
  }

  @Test
  void refusesATensorInAnotherShardThanTheIndexSays() throws IOException {
    writeCheckpoint();
    Path index = writeIndex(Map.of("a", TWO, "b", ONE, "c", THREE));
    assertRefused(index, "tensor \"a\"", "found in shard " + ONE, "expected in \"" + TWO + "\"");
  }

  @Test
  void refusesATensorInTwoShards() throws IOException {
    Path index = writeCheckpoint();
    new SafetensorsWriter()
        .add("a", new long[0], new float[1])
        .add("b", new long[0], new float[1])
        .write(folder.resolve(TWO));
    assertRefused(index, "tensor \"a\"", "found in two shards, " + ONE + " and " + TWO);

    Path twice = writeIndex("{\"weight_map\":{\"a\":\"%s\",\"a\":\"%s\"}}".formatted(ONE, TWO));
    assertRefused(twice, "uplicate", "\"a\"");
  }

  @Test
  void refusesATensorThatTheIndexDoesNotList() throws IOException {
    writeCheckpoint();
    new SafetensorsWriter()
        .add("b", new long[0], new float[1])
        .add("unlisted", new long[0], new float[1])
        .write(folder.resolve(TWO));
    assertRefused(
        folder.resolve("model.safetensors.index.json"),
        "tensor \"unlisted\"",
        "found in shard " + TWO + ", but not in weight_map");
  }

  /** In the cache of Hugging Face, snapshots hold links into a folder of blobs. */
  @Test
  void followsLinksToRegularFilesOnly() throws IOException {
    writeCheckpoint();
    Path blobs = Files.createDirectory(folder.resolve("blobs"));
    Path snapshot = Files.createDirectories(folder.resolve("snapshots/0123"));
    for (String name : new String[] {ONE, TWO, THREE, "model.safetensors.index.json"}) {
      Files.move(folder.resolve(name), blobs.resolve("blob-" + name));
      Files.createSymbolicLink(snapshot.resolve(name), Path.of("../../blobs/blob-" + name));
    }
    try (TensorSource source = Safetensors.open(snapshot)) {
      assertThat(source.tensor("b").floatAt(0)).isEqualTo(2);
      source.verifyUnchanged();
    }

    Files.delete(snapshot.resolve(TWO));
    Files.createSymbolicLink(snapshot.resolve(TWO), blobs);
    assertRefused(snapshot, snapshot.resolve(TWO) + ": not a regular file: found a directory");

    Files.delete(snapshot.resolve(TWO));
    Files.createSymbolicLink(snapshot.resolve(TWO), Path.of("../../blobs/none"));
    assertRefused(snapshot, "1 of 3 shards are missing: " + TWO);
  }

  @Test
  @Timeout(value = 20, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void refusesFoldersAndPipesAsShards() throws Exception {
    writeCheckpoint();
    Files.delete(folder.resolve(TWO));
    Files.createDirectory(folder.resolve(TWO));
    assertRefused(folder, TWO, "not a regular file: found a directory");

    Files.delete(folder.resolve(TWO));
    Assumptions.assumeTrue(
        BadFileTest.makeFifo(folder.resolve(TWO)),
        "mkfifo is not there: the pipe is not tested on this system");
    assertRefused(folder, TWO, "not a regular file: found a pipe");
  }

  @Test
  void refusesABadShardWithItsName() throws IOException {
    Path index = writeCheckpoint();
    Files.write(folder.resolve(TWO), new byte[5]);
    assertThatThrownBy(() -> Safetensors.open(index))
        .isInstanceOf(SafetensorsException.class)
        .hasMessageStartingWith(folder.resolve(TWO) + ": file has 5 bytes");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``                              | invalid JSON at offset 0",
        "[]                              | object expected",
        "{}                              | missing weight_map",
        "{\"weight_map\":[]}             | weight_map must be an object, found an array",
        "{\"weight_map\":null}           | weight_map must be an object, found null",
        "{\"weight_map\":{\"a\":1}}      | the shard name must be a string, found 1",
        "{\"weight_map\":{}} x           | invalid JSON",
        "{\"weight_map\":{}, \"x\":      | invalid JSON",
        "{\"weight_map\":              | invalid JSON",
        "{\"weight_map\":{             | expected close marker for Object",
        "{\"weight_map\":{]            | Unexpected close marker ']': expected '}'",
        "{\"weight_map\":{},\"weight_map\":{}} | uplicate",
        "{\"x\":[[[[[[[[[[]]]]]]]]]]}    | nesting deeper than 8",
      })
  void refusesBadJson(String json, String message) throws IOException {
    assertRefused(writeIndex(json), message);
  }

  private static void assertRefused(Path path, String... message) {
    assertThatThrownBy(() -> Safetensors.open(path))
        .isInstanceOf(SafetensorsException.class)
        .hasMessageContaining(path.toString())
        .hasMessageContainingAll(message)
        .hasMessageNotContaining("REDACTED");
  }
}
