package io.github.nextclass.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * A cache of the hub in which the shipped model stands for the models that samples name, so that
 * they run without a network.
 */
final class HubCacheOfSamples {
  private static final String COMMIT = "c1899de289a04d12100db370d81485cdf75e47ca";

  private HubCacheOfSamples() {}

  static void fill() throws IOException {
    Path cache = Path.of(System.getenv("HF_HUB_CACHE"));
    for (String model : List.of("models--Qwen--Qwen3-0.6B")) {
      Path snapshot = cache.resolve(model).resolve("snapshots").resolve(COMMIT);
      Path refs = cache.resolve(model).resolve("refs");
      Files.createDirectories(snapshot);
      Files.createDirectories(refs);
      try (Stream<Path> files = Files.list(Path.of("models/storyteller"))) {
        for (Path file : files.toList()) {
          Path copy = snapshot.resolve(file.getFileName().toString());
          Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
        }
      }
      Files.writeString(refs.resolve("main"), COMMIT);
    }
  }
}
