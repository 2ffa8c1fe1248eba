package io.github.nextclass.tokenizer;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Qwen3's published tokenizer and golden data, which lie beside the repository and not in it. Tests
 * skip without them.
 */
final class Qwen3Data {

  /** The data's folder, or where it would be. */
  static Path folder() {
    String given =
        System.getProperty("NEXTCLASS_QWEN3_DATA", System.getenv("NEXTCLASS_QWEN3_DATA"));
    if (given != null) {
      return Path.of(given);
    }
    Path folder = Path.of(System.getProperty("user.dir")).toAbsolutePath();
    while (folder != null && !Files.exists(folder.resolve(".git"))) {
      folder = folder.getParent();
    }
    return folder == null
        ? Path.of("shared/qwen3")
        : folder.resolveSibling("shared").resolve("qwen3");
  }

  static Path require(String name) {
    Path path = folder().resolve(name);
    assumeTrue(Files.exists(path), () -> "skipped: no Qwen3 data at " + path);
    return path;
  }

  static Tokenizer tokenizer() {
    return load(require("Qwen3-0.6B/tokenizer.json"));
  }

  static Tokenizer load(Path path) {
    try {
      return Tokenizer.load(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Qwen3Data() {}
}
