package io.github.nextclass.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The cache as anybody may have left it. */
class HubCacheTest {
  private static final ModelName MODEL = ModelName.parse("acme/tiny");

  @TempDir Path folder;

  private HubCache cache;

  @BeforeEach
  void look() {
    cache = new HubCache(folder);
  }

  /** As Python leaves a model. */
  private Path write(String repo, String commit) throws IOException {
    Path root = folder.resolve(repo);
    Path blobs = Files.createDirectories(root.resolve("blobs"));
    Path snapshot = Files.createDirectories(root.resolve("snapshots").resolve(commit));
    Files.createDirectories(root.resolve("refs"));
    Files.writeString(root.resolve("refs/main"), commit + "\n");
    for (String name : new String[] {"config.json", "tokenizer.json", "model.safetensors"}) {
      Files.writeString(blobs.resolve(name + "-blob"), "0123456789");
      Files.createSymbolicLink(snapshot.resolve(name), Path.of("../../blobs/" + name + "-blob"));
    }
    return snapshot;
  }

  @Test
  void anEmptyOrMissingCache() throws IOException {
    assertThat(cache.models()).isEmpty();
    assertThat(new HubCache(folder.resolve("nowhere")).models()).isEmpty();
    assertThat(cache.find(MODEL, "main")).isEmpty();
  }

  @Test
  void listsModelsAndNothingElse() throws IOException {
    Path snapshot = write("models--acme--tiny", FakeHub.COMMIT);
    write("models--acme--small", FakeHub.COMMIT);
    write("datasets--acme--text", FakeHub.COMMIT);
    write("models--gpt2", FakeHub.COMMIT);
    Files.writeString(folder.resolve("models--a--file"), "");
    Files.writeString(snapshot.resolve("../../blobs/x.12345678.incomplete"), "1234567");

    assertThat(cache.models())
        .extracting(model -> model.name().toString())
        .containsExactly("acme/small", "acme/tiny");
    CachedModel tiny = cache.models().getLast();
    assertThat(tiny.sizeBytes()).isEqualTo(30);
    assertThat(tiny.incompleteBytes()).isEqualTo(7);
    assertThat(tiny.complete()).isTrue();
    assertThat(tiny.revisions()).containsExactly(java.util.Map.entry("main", FakeHub.COMMIT));
  }

  @Test
  void aBrokenLinkIsNotComplete() throws IOException {
    Path snapshot = write("models--acme--tiny", FakeHub.COMMIT);
    Files.delete(snapshot.resolve("model.safetensors").toRealPath());

    assertThat(cache.find(MODEL, "main")).isEmpty();
    assertThat(cache.models())
        .singleElement()
        .matches(model -> !model.complete() && model.sizeBytes() == 20);
  }

  @Test
  void aRefThatIsNoCommitLeadsNowhere() throws IOException {
    write("models--acme--tiny", FakeHub.COMMIT);
    Files.writeString(folder.resolve("models--acme--tiny/refs/main"), "../../../etc");

    assertThat(cache.find(MODEL, "main")).isEmpty();
    assertThat(cache.find(MODEL, FakeHub.COMMIT)).isPresent();
    assertThat(cache.models()).hasSize(1);
  }

  @Test
  void removesAModelAndNothingThatItLinksTo() throws IOException {
    Path snapshot = write("models--acme--tiny", FakeHub.COMMIT);
    Path outside = Files.writeString(folder.resolve("precious"), "keep");
    Files.createSymbolicLink(snapshot.resolve("link"), outside);
    Files.createSymbolicLink(snapshot.resolve("folder"), folder);

    assertThat(cache.remove(MODEL)).isEqualTo(30);

    assertThat(folder.resolve("models--acme--tiny")).doesNotExist();
    assertThat(outside).hasContent("keep");
    assertThatThrownBy(() -> cache.remove(MODEL))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("acme/tiny is not in the cache");
  }

  @Test
  void whatIsBeingDownloadedIsNotRemoved() throws IOException {
    write("models--acme--tiny", FakeHub.COMMIT);
    try (ProcessLock _ =
        ProcessLock.tryAcquire(folder.resolve(".locks/models--acme--tiny/abc.lock"))
            .orElseThrow()) {
      assertThatThrownBy(() -> cache.remove(MODEL)).hasMessageContaining("is being downloaded");
    }
    assertThat(cache.remove(MODEL)).isEqualTo(30);
  }
}
