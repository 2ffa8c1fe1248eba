package io.github.nextclass.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Downloads in processes of their own: killed at any moment, and two at once. */
@Timeout(600)
class HubProcessesTest {
  /** With {@code -Dnextclass.hub.killedModelBytes=2147483648} for a model of 2 GiB. */
  private static final long BYTES = Long.getLong("nextclass.hub.killedModelBytes", 128L << 20);

  /** So many that each leaves room for a few chunks before it. */
  private static final int KILLS = (int) Math.min(20, BYTES >> 24);

  private static final int KILLS_AT_THE_END = 3;
  private static final int CHUNK = PartialFile.CHUNK_BYTES;
  private static final int CONNECTIONS = 2;

  @TempDir Path cache;

  /** The process: fetches, and prints the folder. */
  static final class Fetcher {
    private Fetcher() {}

    public static void main(String[] args) throws IOException {
      HubOptions options =
          new HubEnvironment(Map.of(), Path.of(args[1]))
              .options()
              .withEndpoint(URI.create(args[0]))
              .withConnections(CONNECTIONS)
              .withCache(Path.of(args[1]));
      System.out.println(Hub.fetch(FakeHub.NAME, options));
    }
  }

  private Process start(FakeHub hub) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xmx128m",
            "-cp",
            System.getProperty("java.class.path"),
            Fetcher.class.getName(),
            hub.endpoint().toString(),
            cache.toString())
        .redirectErrorStream(true)
        .start();
  }

  /**
   * Each process is killed after a random number of bytes, where the hub halts, and the last ones
   * at a random moment after all bytes: while the file is compared, renamed, linked. So what is
   * tested does not depend on how fast the machine is.
   */
  @Test
  void killedAtRandomPointsItEndsWhole() throws Exception {
    Random random = new Random(20);
    ModelName name = ModelName.parse(FakeHub.NAME);
    String sha256 = FakeHub.sha256(new FakeHub.Pattern64(BYTES));
    try (FakeHub hub = new FakeHub().model(1)) {
      hub.lfs("model.safetensors", new FakeHub.Pattern64(BYTES), sha256);
      for (int i = 0; i < KILLS; i++) {
        hub.haltAfter(1 + random.nextLong(BYTES / KILLS));

        assertThat(killed(start(hub), hub, 0)).as("exit status of kill %d", i).isNotZero();
        assertThat(new HubCache(cache).find(name, "main")).as("nothing half-written").isEmpty();
      }
      for (int i = 0; i < KILLS_AT_THE_END; i++) {
        hub.haltAfter(missingBytes(sha256));
        var _ = killed(start(hub), hub, random.nextLong(BYTES >> 20));
      }
      hub.haltAfter(Long.MAX_VALUE);
      Process last = start(hub);
      String printed = new String(last.getInputStream().readAllBytes(), UTF_8);

      assertThat(last.waitFor()).as(printed).isZero();
      Path weights = Path.of(printed.strip()).resolve("model.safetensors");
      assertThat(weights).hasSize(BYTES);
      assertThat(FakeHub.sha256(new FakeHub.OnDisk(weights))).isEqualTo(sha256);
      assertThat(hub.sentBytes())
          .as("each loses no more than the chunks that it was at")
          .isBetween(BYTES, BYTES + 2L * (KILLS + KILLS_AT_THE_END) * CONNECTIONS * CHUNK);
      assertThat(incomplete()).isEmpty();
    }
  }

  /** Kills a process so long after the hub has halted, unless it ends before. */
  private static int killed(Process process, FakeHub hub, long millis) throws Exception {
    while (process.isAlive() && !hub.isHalted()) {
      process.waitFor(2, TimeUnit.MILLISECONDS);
    }
    process.waitFor(millis, TimeUnit.MILLISECONDS);
    return process.destroyForcibly().waitFor();
  }

  private long missingBytes(String sha256) throws IOException {
    RemoteFile file = new RemoteFile("model.safetensors", BYTES, sha256);
    RepoFolder folder = new RepoFolder(cache, ModelName.parse(FakeHub.NAME), Machine.REAL);
    if (Files.exists(folder.blob(file))) {
      return 0;
    }
    return BYTES - PartialFile.doneBytes(folder.incompleteBlob(file), BYTES, Machine.REAL);
  }

  private static long cdnRequests(FakeHub hub, int from) {
    return hub.seen().stream().skip(from).filter(FakeHub.Seen::ofCdn).count();
  }

  private List<Path> incomplete() throws IOException {
    try (var files = Files.walk(cache)) {
      return files.filter(file -> file.toString().endsWith(".incomplete")).toList();
    }
  }

  @Test
  void twoProcessesFetchOnce() throws Exception {
    long bytes = 4L * CHUNK;
    try (FakeHub hub = new FakeHub().model(bytes)) {
      hub.slowly(3);
      List<Process> processes = new ArrayList<>(List.of(start(hub), start(hub)));
      for (Process process : processes) {
        String printed = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(printed).isZero();
        assertThat(Path.of(printed.strip()).resolve("model.safetensors")).hasSize(bytes);
      }

      assertThat(cdnRequests(hub, 0)).isEqualTo(4);
      assertThat(hub.seenOf("/resolve/" + FakeHub.COMMIT + "/config.json")).isEqualTo(1);
    }
  }
}
