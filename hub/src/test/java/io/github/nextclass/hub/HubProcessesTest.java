package io.github.nextclass.hub;

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
  private static final long BYTES = Long.getLong("nextclass.hub.killedModelBytes", 96L << 20);

  private static final int KILLS = 20;
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
   * Every process is killed at a random moment after its first byte of the weights, so the kills
   * fall into the download and not into the start of Java.
   */
  @Test
  void killedTwentyTimesItEndsWhole() throws Exception {
    Random random = new Random(20);
    long millisOfAll = Math.max(6000, BYTES >> 17);
    try (FakeHub hub = new FakeHub().model(BYTES)) {
      hub.slowly(Math.max(1, millisOfAll * CONNECTIONS / (BYTES >> 16)));
      int killed = 0;
      for (int i = 0; i < KILLS; i++) {
        int before = hub.seen().size();
        Process process = start(hub);
        while (process.isAlive() && cdnRequests(hub, before) == 0) {
          process.waitFor(2, TimeUnit.MILLISECONDS);
        }
        process.waitFor(random.nextLong(4 * millisOfAll / KILLS), TimeUnit.MILLISECONDS);
        killed += process.isAlive() ? 1 : 0;
        process.destroyForcibly().waitFor();
        if (process.exitValue() != 0) {
          assertThat(new HubCache(cache).find(ModelName.parse(FakeHub.NAME), "main"))
              .as("nothing half-written is ever found")
              .isEmpty();
        }
      }
      assertThat(killed).as("processes that died of the kill").isGreaterThan(KILLS / 2);
      hub.slowly(0);
      int before = hub.seen().size();
      Process last = start(hub);
      String printed =
          new String(last.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);

      assertThat(last.waitFor()).as(printed).isZero();
      Path weights = Path.of(printed.strip()).resolve("model.safetensors");
      assertThat(weights).hasSize(BYTES);
      assertThat(FakeHub.sha256(new FakeHub.OnDisk(weights)))
          .isEqualTo(FakeHub.sha256(new FakeHub.Pattern64(BYTES)));
      long chunks = Math.ceilDiv(BYTES, (long) PartialFile.CHUNK_BYTES);
      assertThat(cdnRequests(hub, before)).as("the last one did not begin anew").isLessThan(chunks);
      System.getLogger("HubProcessesTest")
          .log(
              System.Logger.Level.DEBUG,
              "{0} processes killed; {1} requests for {2} chunks, {3} of them by the last",
              killed,
              cdnRequests(hub, 0),
              chunks,
              cdnRequests(hub, before));
      assertThat(incomplete()).isEmpty();
    }
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
    long bytes = 4L * PartialFile.CHUNK_BYTES;
    try (FakeHub hub = new FakeHub().model(bytes)) {
      hub.slowly(3);
      List<Process> processes = new ArrayList<>(List.of(start(hub), start(hub)));
      for (Process process : processes) {
        String printed =
            new String(
                process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(printed).isZero();
        assertThat(Path.of(printed.strip()).resolve("model.safetensors")).hasSize(bytes);
      }

      assertThat(cdnRequests(hub, 0)).isEqualTo(4);
      assertThat(hub.seenOf("/resolve/" + FakeHub.COMMIT + "/config.json")).isEqualTo(1);
    }
  }
}
