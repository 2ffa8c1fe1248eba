package io.github.nextclass.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is fetched, where it goes, and when nothing is fetched. */
@Timeout(300)
class HubTest {
  private static final ModelName MODEL = ModelName.parse(FakeHub.NAME);
  private static final int CHUNK = PartialFile.CHUNK_BYTES;

  @TempDir Path folder;

  private final TestMachine machine = new TestMachine();
  private FakeHub hub;
  private Path cache;
  private HubOptions options;

  @BeforeEach
  void start() throws IOException {
    hub = new FakeHub().model(1000);
    cache = folder.resolve("hub");
    options =
        new HubEnvironment(Map.of(), folder)
            .options()
            .withCache(cache)
            .withEndpoint(hub.endpoint());
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private Path fetch() throws IOException {
    return Hub.fetch(FakeHub.NAME, options, machine);
  }

  private Path repo() {
    return cache.resolve("models--acme--tiny");
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(file -> !Files.isDirectory(file))
          .map(file -> folder.relativize(file).toString())
          .sorted()
          .toList();
    }
  }

  @Test
  void fetchesWhatIsNeededIntoTheStandardLayout() throws IOException {
    Path snapshot = fetch();

    assertThat(snapshot).isEqualTo(repo().resolve("snapshots").resolve(FakeHub.COMMIT));
    assertThat(names(snapshot))
        .containsExactly(
            "config.json", "generation_config.json", "model.safetensors", "tokenizer.json");
    assertThat(snapshot.resolve("model.safetensors")).hasBinaryContent(HubFailuresTest.bytes(1000));
    assertThat(repo().resolve("refs/main")).hasContent(FakeHub.COMMIT);
    String sha256 = FakeHub.sha256(new FakeHub.Pattern64(1000));
    assertThat(Files.readSymbolicLink(snapshot.resolve("model.safetensors")).toString())
        .isEqualTo("../../blobs/" + sha256);
    assertThat(names(repo().resolve("blobs"))).hasSize(4).contains(sha256);
    assertThat(hub.seen())
        .noneMatch(seen -> seen.path().endsWith(".md") || seen.path().endsWith(".bin"));
  }

  @Test
  void theSecondTimeNobodyIsAsked() throws IOException {
    Path first = fetch();
    hub.close();

    assertThat(fetch()).isEqualTo(first);
    options = options.withOffline(true);
    assertThat(fetch()).isEqualTo(first);
  }

  @Test
  void pullBringsOnlyWhatHasChanged() throws IOException {
    Path old = fetch();
    String commit = "d".repeat(40);
    hub.revision("main", commit).small("config.json", "{\"model_type\": \"qwen3\", \"new\": true}");
    long before = hub.seenOf("model.safetensors");

    assertThat(fetch()).isEqualTo(old);
    Path now = Hub.pull(MODEL, options, machine);

    assertThat(now.getFileName()).hasToString(commit);
    assertThat(now.resolve("config.json")).content().contains("new");
    assertThat(hub.seenOf("model.safetensors")).isEqualTo(before);
    assertThat(fetch()).isEqualTo(now);
    assertThat(names(old)).hasSize(4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"v1.0", "refs/pr/3", FakeHub.COMMIT})
  void revisions(String revision) throws IOException {
    hub.revision(revision, FakeHub.COMMIT);
    options = options.withRevision(revision);

    assertThat(fetch().getFileName()).hasToString(FakeHub.COMMIT);
    hub.close();
    assertThat(fetch()).isDirectory();
    assertThat(Files.exists(repo().resolve("refs").resolve(revision)))
        .isEqualTo(!revision.equals(FakeHub.COMMIT));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "..", "a/../b", "/a", "a/", "a\\b", "a b", ".hidden", "a\n", "a?b", "a:b"})
  void notRevisions(String revision) {
    assertThatThrownBy(() -> options.withRevision(revision))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected a branch, a tag or a commit");
  }

  @Test
  void shardsAreThoseOfTheIndex() throws IOException {
    hub.small(
            "model.safetensors.index.json",
            "{\"metadata\": {\"total_size\": 5}, \"weight_map\": {\"a\": \"model-00001-of-00002.safetensors\","
                + " \"b\": \"model-00002-of-00002.safetensors\", \"c\": \"model-00001-of-00002.safetensors\"}}")
        .lfs("model-00001-of-00002.safetensors", new FakeHub.Pattern64(100))
        .lfs("model-00002-of-00002.safetensors", new FakeHub.Pattern64(200))
        .lfs("consolidated.safetensors", new FakeHub.Pattern64(300));

    assertThat(names(fetch()))
        .contains(
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json")
        .doesNotContain("model.safetensors", "consolidated.safetensors");
    hub.close();
    assertThat(fetch()).isDirectory();
    Files.delete(fetch().resolve("model-00002-of-00002.safetensors"));
    assertThatThrownBy(this::fetch).hasMessageContaining("cannot be reached");
  }

  @Test
  void filesInFoldersAndOddNames() throws IOException {
    hub.small("1_Pooling/config.json", "{}")
        .small("qwen %#?.tiktoken", "x")
        .small("empty.tiktoken", "");

    Path snapshot = fetch();

    assertThat(snapshot.resolve("1_Pooling/config.json")).hasContent("{}");
    assertThat(snapshot.resolve("qwen %#?.tiktoken")).hasContent("x");
    assertThat(snapshot.resolve("empty.tiktoken")).isEmptyFile();
  }

  @Test
  void aListingOfManyPages() throws IOException {
    hub.answering(exchange -> {
      String uri = exchange.getRequestURI().toString();
      if (uri.contains("/tree/") && !uri.contains("cursor")) {
        exchange
            .getResponseHeaders()
            .set("Link", "<" + hub.endpoint() + uri + "&cursor=2>; rel=\"next\"");
        FakeHub.sendJson(exchange, "[]");
        return true;
      }
      return false;
    });

    assertThat(names(fetch())).hasSize(4);
  }

  @Test
  void largeFilesComeInRangesFromWhereTheHubLeads() throws IOException {
    hub.lfs("model.safetensors", new FakeHub.Pattern64(5L * CHUNK + 17));

    Path weights = fetch().resolve("model.safetensors");

    assertThat(FakeHub.sha256(new FakeHub.OnDisk(weights)))
        .isEqualTo(FakeHub.sha256(new FakeHub.Pattern64(5L * CHUNK + 17)));
    assertThat(hub.seen())
        .filteredOn(FakeHub.Seen::ofCdn)
        .extracting(FakeHub.Seen::range)
        .contains("bytes=0-4194303", "bytes=20971520-20971536")
        .hasSize(6);
  }

  @Test
  void anAddressThatHasExpiredIsAskedForAgain() throws IOException {
    hub.lfs("model.safetensors", new FakeHub.Pattern64(4L * CHUNK));
    options = options.withConnections(1);
    var requests = new java.util.concurrent.atomic.AtomicInteger();
    hub.cdnAnswering(exchange -> {
      if (requests.incrementAndGet() != 3) {
        return false;
      }
      FakeHub.refuse(exchange, 403);
      return true;
    });

    assertThat(fetch().resolve("model.safetensors")).hasSize(4L * CHUNK);
    assertThat(hub.seenOf("resolve/" + FakeHub.COMMIT + "/model.safetensors")).isEqualTo(2);
    assertThat(machine.slept).isEmpty();
  }

  @Test
  void aServerWithoutRanges() throws IOException {
    hub.lfs("model.safetensors", new FakeHub.Pattern64(2L * CHUNK + 5));
    hub.cdnAnswering(exchange -> {
      exchange.sendResponseHeaders(200, 2L * CHUNK + 5);
      exchange.getResponseBody().write(HubFailuresTest.bytes(2 * CHUNK + 5));
      return true;
    });
    List<Long> progress = new ArrayList<>();
    options = options.withListener(collecting(progress));

    Path weights = fetch().resolve("model.safetensors");

    assertThat(FakeHub.sha256(new FakeHub.OnDisk(weights)))
        .isEqualTo(FakeHub.sha256(new FakeHub.Pattern64(2L * CHUNK + 5)));
    assertThat(progress.getLast()).isEqualTo(progress.getFirst());
  }

  /** The first entry is the total, the others are what is done. */
  private static DownloadListener collecting(List<Long> progress) {
    return new DownloadListener() {
      @Override
      public void onProgress(ModelName model, long doneBytes, long totalBytes) {
        if (progress.isEmpty()) {
          progress.add(totalBytes);
        }
        assertThat(doneBytes).isBetween(0L, totalBytes);
        progress.add(doneBytes);
      }
    };
  }

  @Test
  void tellsItsListener() throws IOException {
    List<Long> progress = new ArrayList<>();
    options = options.withListener(collecting(progress));

    Path snapshot = fetch();

    long bytes = 0;
    for (String name : names(snapshot)) {
      bytes += Files.size(snapshot.resolve(name));
    }
    assertThat(progress.getFirst()).isEqualTo(bytes);
    assertThat(progress.getLast()).isEqualTo(bytes);
  }

  @Test
  void aListenerThatThrowsEndsTheDownload() {
    options =
        options.withListener(
            new DownloadListener() {
              @Override
              public void onProgress(ModelName model, long doneBytes, long totalBytes) {
                if (doneBytes > 0) {
                  throw new IllegalStateException("enough");
                }
              }
            });

    assertThatThrownBy(this::fetch).hasStackTraceContaining("enough");
  }

  @Test
  void interruptEndsTheDownload() throws Exception {
    hub.slowly(1000).lfs("model.safetensors", new FakeHub.Pattern64(4L * CHUNK));
    var failure = new java.util.concurrent.atomic.AtomicReference<Throwable>();
    Thread thread =
        Thread.ofPlatform()
            .start(() -> {
              try {
                fetch();
              } catch (IOException e) {
                failure.set(e);
              }
            });
    while (hub.seen().stream().noneMatch(FakeHub.Seen::ofCdn)) {
      Thread.sleep(5);
    }
    thread.interrupt();
    thread.join();

    assertThat(failure.get()).isInstanceOf(java.io.InterruptedIOException.class);
  }

  @Test
  void goesOnWhereAnotherProcessStopped() throws IOException {
    long size = 3L * CHUNK;
    hub.lfs("model.safetensors", new FakeHub.Pattern64(size));
    RemoteFile file =
        new RemoteFile("model.safetensors", size, FakeHub.sha256(new FakeHub.Pattern64(size)));
    Path unfinished = new RepoFolder(cache, MODEL, machine).incompleteBlob(file);
    Files.createDirectories(unfinished.getParent());
    try (PartialFile partial = PartialFile.open(unfinished, size, machine)) {
      byte[] bytes = HubFailuresTest.bytes((int) size);
      partial.write(java.nio.ByteBuffer.wrap(bytes, CHUNK, CHUNK), CHUNK);
      partial.markDone(1);
    }
    assertThat(new HubCache(cache).models())
        .singleElement()
        .matches(model -> !model.complete() && model.incompleteBytes() == CHUNK);
    machine.usableBytes = size - CHUNK + 10_000;

    fetch();

    assertThat(hub.seen())
        .filteredOn(FakeHub.Seen::ofCdn)
        .extracting(FakeHub.Seen::range)
        .containsExactlyInAnyOrder("bytes=0-4194303", "bytes=8388608-12582911");
    assertThat(unfinished).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 1000, 2_000_000})
  void whatIsNoRestOfADownloadIsWrittenOver(long garbageBytes) throws IOException {
    RemoteFile file =
        new RemoteFile("model.safetensors", 1000, FakeHub.sha256(new FakeHub.Pattern64(1000)));
    Path unfinished = new RepoFolder(cache, MODEL, machine).incompleteBlob(file);
    Files.createDirectories(unfinished.getParent());
    try (FileChannel channel =
        FileChannel.open(unfinished, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.write(java.nio.ByteBuffer.allocate((int) garbageBytes));
    }

    assertThat(fetch().resolve("model.safetensors")).hasBinaryContent(HubFailuresTest.bytes(1000));
  }

  @Test
  void aBlobOfTheWrongSizeIsReplaced() throws IOException {
    Path snapshot = fetch();
    Path blob = snapshot.resolve("model.safetensors").toRealPath();
    Files.writeString(blob, "cut");

    assertThat(Hub.pull(MODEL, options, machine).resolve("model.safetensors")).hasSize(1000);
  }

  @Test
  void copiesWhereThereAreNoLinks() throws IOException {
    machine.links = false;

    Path snapshot = fetch();

    assertThat(snapshot.resolve("model.safetensors")).isRegularFile();
    assertThat(Files.isSymbolicLink(snapshot.resolve("model.safetensors"))).isFalse();
    assertThat(names(repo().resolve("blobs"))).as("nothing is there twice").isEmpty();
    hub.close();
    assertThat(fetch()).isEqualTo(snapshot);
  }

  @Test
  void copiesABlobThatIsThereAlready() throws IOException {
    fetch();
    machine.links = false;
    hub.revision("main", "e".repeat(40));

    Path snapshot = Hub.pull(MODEL, options, machine);

    assertThat(Files.isSymbolicLink(snapshot.resolve("model.safetensors"))).isFalse();
    assertThat(snapshot.resolve("model.safetensors")).hasSize(1000);
    assertThat(names(repo().resolve("blobs"))).hasSize(4);
  }

  @Test
  void aFolderOfThatNameWins() throws IOException {
    Path local = Files.createDirectories(folder.resolve("local/model"));

    assertThat(Hub.fetch(local.toString(), options, machine)).isEqualTo(local);
    assertThat(hub.seen()).isEmpty();
  }

  @Test
  void withoutATokenizerTheHubIsAskedAndTheCacheIsGoodEnough() throws IOException {
    Path snapshot = fetch();
    Files.delete(
        snapshot.resolve("tokenizer.json")); // as Python leaves it that has loaded no tokenizer

    assertThat(names(fetch())).contains("tokenizer.json");
    Files.delete(snapshot.resolve("tokenizer.json"));
    hub.close();
    assertThat(fetch()).isEqualTo(snapshot);
  }

  @Test
  void threadsFetchOnce() throws Exception {
    hub.slowly(1).lfs("model.safetensors", new FakeHub.Pattern64(2L * CHUNK));
    try (var threads = Executors.newFixedThreadPool(4)) {
      List<Callable<Path>> calls = java.util.Collections.nCopies(4, this::fetch);
      for (Future<Path> result : threads.invokeAll(calls)) {
        assertThat(result.get().resolve("model.safetensors")).hasSize(2L * CHUNK);
      }
    }

    assertThat(hub.seen()).filteredOn(FakeHub.Seen::ofCdn).hasSize(2);
  }

  @Test
  void waitsForAnotherProcessAndSaysSo() throws Exception {
    List<String> reasons = new java.util.concurrent.CopyOnWriteArrayList<>();
    RemoteFile file =
        new RemoteFile("model.safetensors", 1000, FakeHub.sha256(new FakeHub.Pattern64(1000)));
    Path lockFile = new RepoFolder(cache, MODEL, machine).lockFile(file);
    assertThat(cache.relativize(lockFile).toString())
        .isEqualTo(".locks/models--acme--tiny/" + file.checksum() + ".lock");
    ProcessLock lock = ProcessLock.tryAcquire(lockFile).orElseThrow();
    options =
        options.withListener(
            new DownloadListener() {
              @Override
              public void onWait(ModelName model, String reason, Duration duration) {
                reasons.add(reason);
                lock.close();
              }
            });

    fetch();

    assertThat(reasons).containsExactly("another process or thread is fetching this model");
  }

  @Test
  void goesThroughTheProxy() throws IOException {
    try (FakeHub proxy =
        new FakeHub().model(1000)) { // a proxy gets the whole address, and the path is the same
      int port = proxy.endpoint().getPort();
      options =
          options
              .withEndpoint(java.net.URI.create("http://hub.invalid"))
              .withProxies(
                  EnvironmentProxies.of(
                      Map.of("http_proxy", "127.0.0.1:" + port, "no_proxy", "127.0.0.1")));

      assertThat(fetch().resolve("model.safetensors")).hasSize(1000);
      assertThat(hub.seen()).isEmpty();
    }
  }
}
