package io.github.nextclass.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpExchange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Everything that goes wrong, each with the message that says what to do. */
@Timeout(300)
class HubFailuresTest {
  private static final ModelName MODEL = ModelName.parse(FakeHub.NAME);
  private static final int CHUNK = PartialFile.CHUNK_BYTES;

  @TempDir Path cache;

  private final TestMachine machine = new TestMachine();
  private FakeHub hub;
  private HubOptions options;

  @BeforeEach
  void start() throws IOException {
    hub = new FakeHub().model(1000);
    options =
        new HubEnvironment(Map.of(), cache).options().withCache(cache).withEndpoint(hub.endpoint());
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private Path pull() throws IOException {
    return Hub.pull(MODEL, options, machine);
  }

  private HubException failure() {
    return catchThrowableOfType(HubException.class, this::pull);
  }

  private void assertNothingCanBeLoaded() throws IOException {
    assertThat(new HubCache(cache).find(MODEL, "main")).isEmpty();
    assertThat(new HubCache(cache).find(MODEL, FakeHub.COMMIT)).isEmpty();
  }

  /** Answers the first so many requests for a path with a status. */
  private static FakeHub.Answer times(int count, String part, int status, String... headers) {
    AtomicInteger left = new AtomicInteger(count);
    return exchange -> {
      if (!exchange.getRequestURI().getPath().contains(part) || left.getAndDecrement() <= 0) {
        return false;
      }
      FakeHub.refuse(exchange, status, headers);
      return true;
    };
  }

  private static FakeHub.Answer always(int status, String... headers) {
    return times(Integer.MAX_VALUE, "", status, headers);
  }

  // ---- no network

  @Test
  void nobodyListens() throws IOException {
    try (Socket silent = new Socket()) { // has the port, so that nobody else listens there
      silent.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      options = options.withEndpoint(URI.create("http://127.0.0.1:" + silent.getLocalPort()));

      assertThat(failure())
          .hasMessageContaining("acme/tiny: " + options.endpoint() + " cannot be reached")
          .hasMessageContaining("check the network, https_proxy and HF_ENDPOINT");
      assertThat(machine.slept).as("nothing is waited for that never was there").isEmpty();
    }
  }

  @Test
  void unknownHost() {
    options = options.withEndpoint(URI.create("http://nowhere.invalid"));

    assertThat(failure())
        .hasMessageContaining("cannot be reached, or the connection broke (unknown host)");
  }

  /**
   * A server of plain HTTP answers to what it hears. (One that speaks first meets a race in the
   * JDK's client, which now and then forgets the failure of a handshake that it has not begun: the
   * connection is then given up when its time has passed, as "no answer".)
   */
  @Test
  void noTls() throws IOException {
    try (ServerSocket plain = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread.startVirtualThread(() -> {
        try (Socket socket = plain.accept()) {
          var _ = socket.getInputStream().read();
          socket.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(UTF_8));
          socket.getInputStream().readAllBytes();
        } catch (IOException e) {
          // the client has gone
        }
      });
      options = options.withEndpoint(URI.create("https://127.0.0.1:" + plain.getLocalPort()));

      assertThat(failure())
          .hasMessageContaining("no safe connection")
          .hasMessageContaining("trustStore");
    }
  }

  @Test
  void offline() {
    options = options.withOffline(true);

    assertThatThrownBy(() -> Hub.fetch(FakeHub.NAME, options, machine))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("HF_HUB_OFFLINE forbids the network; unset it");
    assertThat(hub.seen()).isEmpty();
  }

  @Test
  void theConnectionBreaksAgainAndAgain() throws IOException {
    hub.cdnAnswering(exchange -> true); // closed without an answer

    assertThat(failure())
        .hasMessageContaining("after 5 attempts")
        .hasMessageContaining("the next try goes on from there");
    assertThat(machine.slept).hasSize(4);
    assertNothingCanBeLoaded();
  }

  // ---- what the hub refuses

  @Test
  void unauthorizedWithoutToken() {
    hub.answering(always(401, "X-Error-Code", "RepoNotFound"));

    assertThat(failure())
        .hasMessageContaining("does not exist, or is private or gated (401); check the name")
        .hasMessageContaining(hub.endpoint() + "/settings/tokens")
        .hasMessageContaining("HF_TOKEN");
  }

  @Test
  void gatedWithoutToken() {
    hub.answering(always(401, "X-Error-Code", "GatedRepo"));

    assertThat(failure())
        .hasMessageContaining("is gated (401)")
        .hasMessageContaining("accept the terms at " + hub.endpoint() + "/acme/tiny");
  }

  @Test
  void tokenNotAccepted() {
    options = options.withToken(Optional.of("hf_old"));
    hub.answering(always(401));

    assertThat(failure())
        .hasMessageContaining("does not accept the token (401); make a new one")
        .hasMessageNotContaining("hf_old");
  }

  @Test
  void gatedWithToken() {
    options = options.withToken(Optional.of("hf_me"));
    hub.answering(always(403, "X-Error-Code", "GatedRepo"));

    assertThat(failure()).hasMessageContaining("has no access (403); ask for it at");
  }

  @Test
  void forbidden() {
    hub.answering(always(403, "X-Error-Message", "not here"));

    assertThat(failure()).hasMessageContaining("access is forbidden (403): \"not here\"");
  }

  @Test
  void noSuchModel() {
    hub.answering(always(404, "X-Error-Code", "RepoNotFound"));

    assertThat(failure())
        .hasMessageContaining("does not exist at")
        .hasMessageContaining("(404); check the name");
  }

  @Test
  void noSuchRevision() {
    options = options.withRevision("v9");

    assertThat(failure())
        .hasMessageContaining("has no revision \"v9\" (404)")
        .hasMessageContaining("/acme/tiny/tree/main");
  }

  @Test
  void aListedFileIsNotThere() {
    hub.answering(times(1, "tokenizer.json", 404, "X-Error-Code", "EntryNotFound"));

    assertThat(failure()).hasMessageContaining("a file that the hub lists is not there (404)");
  }

  @Test
  void proxyWantsAPassword() {
    hub.answering(always(407));

    assertThat(failure()).hasMessageContaining("the proxy wants a password (407)");
  }

  @Test
  void unknownStatus() {
    hub.answering(always(418));

    assertThat(failure()).hasMessageContaining("127.0.0.1 answered 418");
  }

  // ---- what is worth another attempt

  @Test
  void tooManyRequestsWithSeconds() throws IOException {
    hub.answering(times(1, "/tree/", 429, "Retry-After", "7"));

    pull();

    assertThat(machine.slept).containsExactly(Duration.ofSeconds(7));
  }

  @Test
  void tooManyRequestsWithADate() throws IOException {
    hub.answering(times(1, "/tree/", 429, "Retry-After", "Thu, 1 Jan 2026 00:00:40 GMT"));

    pull();

    assertThat(machine.slept).containsExactly(Duration.ofSeconds(40));
  }

  @Test
  void tooManyRequestsInTheHubsOwnWords() throws IOException {
    hub.answering(times(1, "/tree/", 429, "RateLimit", "\"api\";r=0;t=55"));

    pull();

    assertThat(machine.slept).containsExactly(Duration.ofSeconds(55));
  }

  @Test
  void tooManyRequestsForHours() {
    hub.answering(always(429, "Retry-After", "3600"));

    assertThat(failure())
        .hasMessageContaining(
            "too many requests from here (429), and asks to wait 3600 s; try again later, or set HF_TOKEN");
    assertThat(machine.slept).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {500, 502, 503, 504})
  void serverErrorsPass(int status) throws IOException {
    hub.answering(times(3, "config.json", status)).cdnAnswering(times(1, "", status));

    pull();

    assertThat(machine.slept).contains(Duration.ofSeconds(1), Duration.ofSeconds(2));
  }

  @Test
  void serverErrorsStay() {
    hub.answering(always(503));

    assertThat(failure())
        .hasMessageContaining("cannot answer now (503) (5 attempts); try again later");
    assertThat(machine.slept)
        .containsExactly(
            Duration.ofSeconds(1),
            Duration.ofSeconds(2),
            Duration.ofSeconds(4),
            Duration.ofSeconds(8));
  }

  @Test
  void truncatedBodyIsAskedForAgain() throws IOException {
    AtomicInteger left = new AtomicInteger(2);
    hub.cdnAnswering(exchange -> {
      if (left.getAndDecrement() <= 0) {
        return false;
      }
      exchange.sendResponseHeaders(200, 1000);
      exchange.getResponseBody().write(new byte[300]);
      exchange.getResponseBody().flush();
      return true; // and closes with 700 bytes to come
    });

    Path snapshot = pull();

    assertThat(snapshot.resolve("model.safetensors")).hasSize(1000);
    assertThat(machine.slept).hasSize(2);
  }

  @Test
  void truncatedBodyAgainAndAgain() throws IOException {
    hub.cdnAnswering(exchange -> {
      exchange.sendResponseHeaders(200, 300);
      exchange.getResponseBody().write(new byte[300]);
      return true; // complete as HTTP, and too short
    });

    assertThat(failure()).hasMessageContaining("the answer ended after 300 of 1000 bytes");
    assertNothingCanBeLoaded();
  }

  @Test
  void tooManyBytes() throws IOException {
    hub.cdnAnswering(exchange -> {
      exchange.sendResponseHeaders(200, 2000);
      exchange.getResponseBody().write(new byte[2000]);
      return true;
    });

    assertThat(failure()).hasMessageContaining("got more than the 1000 bytes asked for");
    assertNothingCanBeLoaded();
  }

  @Test
  void silence() throws IOException {
    CountDownLatch enough = new CountDownLatch(1);
    hub.answering(exchange -> {
      if (exchange.getRequestURI().getPath().endsWith("/model.safetensors")) {
        machine.patience = Duration.ofMillis(300); // from the redirect on; a busy machine may halt
      }
      return false;
    });
    hub.cdnAnswering(exchange -> {
      exchange.sendResponseHeaders(200, 1000);
      exchange.getResponseBody().write(new byte[300]);
      exchange.getResponseBody().flush();
      await(enough);
      return true;
    });

    assertThat(failure()).hasMessageContaining("127.0.0.1 sent nothing for 0 s");
    enough.countDown();
    assertNothingCanBeLoaded();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- what cannot be trusted

  @Test
  void wrongHashTwice() throws IOException {
    hub.lfs("model.safetensors", new FakeHub.Pattern64(1000), "0".repeat(64));

    assertThat(failure())
        .hasMessageContaining("model.safetensors arrived with a checksum other than the hub's 0000")
        .hasMessageContaining("twice; it was deleted");
    assertNothingCanBeLoaded();
    assertThat(blobs())
        .doesNotContain("0".repeat(64))
        .noneMatch(name -> name.endsWith(".incomplete"));
  }

  @Test
  void wrongHashOfASmallFile() throws IOException {
    hub.answering(exchange -> {
      if (!exchange.getRequestURI().getPath().endsWith("/tokenizer.json")) {
        return false;
      }
      FakeHub.sendJson(exchange, "{\"version\": \"6.6\"}");
      return true;
    });

    assertThat(failure()).hasMessageContaining("tokenizer.json arrived with a checksum other than");
    assertNothingCanBeLoaded();
  }

  @Test
  void wrongHashOnceIsDownloadedAgain() throws IOException {
    AtomicInteger left = new AtomicInteger(1);
    hub.cdnAnswering(exchange -> {
      if (left.getAndDecrement() <= 0) {
        return false;
      }
      exchange.sendResponseHeaders(200, 1000);
      exchange.getResponseBody().write(new byte[1000]);
      return true;
    });

    assertThat(pull().resolve("model.safetensors")).hasBinaryContent(bytes(1000));
  }

  @Test
  void etagAndListingDisagree() throws IOException {
    hub.answering(exchange -> {
      if (!exchange.getRequestURI().getPath().endsWith("/model.safetensors")) {
        return false;
      }
      FakeHub.refuse(
          exchange,
          302,
          "Location",
          hub.cdnEndpoint() + "/model.safetensors",
          "X-Linked-Etag",
          "\"" + "1".repeat(64) + "\"");
      return true;
    });

    assertThat(failure()).hasMessageContaining("has it with the ETag 1111");
    assertNothingCanBeLoaded();
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../evil.json", "/etc/evil", "a/../../../../evil", "..", "x/../.."})
  void aFileNameThatLeavesTheFolder(String path) throws IOException {
    hub.small(path, "evil");

    assertThat(failure()).hasMessageContaining("which would leave the folder of the model");
    try (Stream<Path> files = Files.walk(cache)) {
      assertThat(files.filter(Files::isRegularFile)).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "<html>Log in to the Wi-Fi</html> | invalid JSON",
        "{\"sha\": \"../../x\"} | expected a commit",
        "{\"sha\": 5} | found VALUE_NUMBER_INT",
        "{} | \"sha\" is missing",
        "[] | found START_ARRAY"
      })
  void anAnswerThatIsNotTheHubs(String body, String problem) {
    hub.answering(exchange -> {
      FakeHub.sendJson(exchange, body);
      return true;
    });

    assertThat(failure()).hasMessageContaining(problem).hasMessageContaining("check HF_ENDPOINT");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[{\"type\":\"file\",\"path\":\"config.json\",\"size\":-1,\"oid\":\"x\"}]",
        "[{\"type\":\"file\",\"path\":\"config.json\",\"size\":1,\"oid\":\"../../../x\"}]",
        "[{\"type\":\"file\",\"path\":\"config.json\",\"size\":9223372036854775808}]",
        "[{\"type\":\"file\",\"size\":1}]",
        "[{\"type\":\"file\",\"path\":\"a\",\"size\":1,\"lfs\":{\"oid\":\"zz\"}}]"
      })
  void aListingThatIsNotTheHubs(String body) {
    hub.answering(exchange -> {
      if (!exchange.getRequestURI().getPath().contains("/tree/")) {
        return false;
      }
      FakeHub.sendJson(exchange, body);
      return true;
    });

    assertThat(failure()).hasMessageContaining("not what the Hugging Face Hub sends");
  }

  @Test
  void aRedirectToAnotherHostDoesNotGetTheToken() throws IOException {
    options = options.withToken(Optional.of("hf_secret"));

    pull();

    assertThat(hub.seen())
        .filteredOn(FakeHub.Seen::ofCdn)
        .isNotEmpty()
        .allMatch(seen -> seen.token() == null);
    assertThat(hub.seen())
        .filteredOn(seen -> !seen.ofCdn())
        .isNotEmpty()
        .allMatch(seen -> "Bearer hf_secret".equals(seen.token()));
  }

  @Test
  void theNextPageElsewhereDoesNotGetTheToken() throws IOException {
    options = options.withToken(Optional.of("hf_secret"));
    hub.answering(exchange -> {
      if (exchange.getRequestURI().getPath().contains("/tree/")) {
        exchange.getResponseHeaders().set("Link", "<" + hub.cdnEndpoint() + "/more>; rel=\"next\"");
      }
      return false;
    });

    assertThat(failure()).isNotNull();
    assertThat(hub.seen())
        .filteredOn(FakeHub.Seen::ofCdn)
        .isNotEmpty()
        .allMatch(seen -> seen.token() == null);
  }

  @Test
  void redirectsWithoutEnd() {
    hub.answering(exchange -> redirect(exchange, exchange.getRequestURI().toString()));

    assertThat(failure())
        .hasMessageContaining("leads from one address to the next, more than 5 times");
  }

  @ParameterizedTest
  @ValueSource(strings = {"file:///etc/passwd", "ftp://127.0.0.1/x", "http:///nohost", "::"})
  void aRedirectToNowhere(String location) {
    hub.answering(exchange -> redirect(exchange, location));

    assertThat(failure()).hasMessageContaining("check HF_ENDPOINT");
  }

  private static boolean redirect(HttpExchange exchange, String location) throws IOException {
    FakeHub.refuse(exchange, 302, "Location", location);
    return true;
  }

  // ---- what is no model

  @Test
  void noSafetensors() throws IOException {
    try (FakeHub other = new FakeHub().small("config.json", "{}").small("pytorch_model.bin", "x")) {
      options = options.withEndpoint(other.endpoint());

      assertThat(failure())
          .hasMessageContaining("there is no model.safetensors at commit " + FakeHub.COMMIT)
          .hasMessageContaining("only \"pytorch_model.bin\"; only safetensors are read");
    }
  }

  @Test
  void noConfig() throws IOException {
    try (FakeHub other = new FakeHub().small("README.md", "a data set")) {
      options = options.withEndpoint(other.endpoint());

      assertThat(failure()).hasMessageContaining("there is no config.json");
    }
  }

  @Test
  void anIndexThatNamesWhatIsNotThere() throws IOException {
    hub.small(
        "model.safetensors.index.json",
        "{\"weight_map\": {\"a\": \"model-00001-of-00001.safetensors\"}}");

    assertThat(failure())
        .hasMessageContaining(
            "names the file \"model-00001-of-00001.safetensors\", which the hub does not have");
    assertNothingCanBeLoaded();
  }

  @Test
  void anIndexThatLeavesTheFolder() throws IOException {
    hub.small("model.safetensors.index.json", "{\"weight_map\": {\"a\": \"../../x.safetensors\"}}");

    assertThat(failure()).hasMessageContaining("is no plain file name");
  }

  // ---- the disk

  @Test
  void noRoom() throws IOException {
    machine.usableBytes = 500;

    assertThat(failure())
        .hasMessageContaining("needs 1.0 kB more, and there are only 500 B free in " + cache)
        .hasMessageContaining("set HF_HUB_CACHE");
    assertThat(hub.seenOf("/resolve/")).as("checked first").isZero();
  }

  @Test
  void theDiskFillsUp() throws IOException {
    hub.lfs("model.safetensors", new FakeHub.Pattern64(3L * CHUNK));
    machine.writableBytes.set(CHUNK + 100_000);
    options = options.withConnections(1);

    assertThat(failure())
        .hasMessageContaining("the disk is full (No space left on device); free some space");
    assertNothingCanBeLoaded();

    machine.writableBytes.set(Long.MAX_VALUE);
    assertThat(pull().resolve("model.safetensors")).hasSize(3L * CHUNK);
  }

  @Test
  void aCacheThatIsAFile() throws IOException {
    Path file = Files.writeString(cache.resolve("file"), "");
    options = options.withCache(file.resolve("hub"));

    assertThat(failure())
        .hasMessageContaining("cannot be written")
        .hasMessageContaining("HF_HUB_CACHE");
  }

  @Test
  void aCacheThatCannotBeWritten() {
    Path system = Path.of("/sys");
    assumeTrue(Files.isDirectory(system), "a folder where even root cannot write");
    options = options.withCache(system.resolve("nextclass"));

    assertThat(failure())
        .hasMessageMatching(
            "(?s).*cannot be written \\(.*(ermission|ermitted|ead-only).*make the cache writable, or set HF_HUB_CACHE.*");
  }

  @Test
  void nobodyIsLeftBehind() throws Exception {
    hub.cdnAnswering(times(Integer.MAX_VALUE, "", 503));
    failure();
    assertThat(Thread.getAllStackTraces().keySet())
        .extracting(Thread::getName)
        .noneMatch(name -> name.startsWith("HttpClient"));
  }

  private List<String> blobs() throws IOException {
    try (Stream<Path> files = Files.list(cache.resolve(MODEL.folderName()).resolve("blobs"))) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  static byte[] bytes(int count) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new FakeHub.Pattern64(count).writeTo(out, 0, count);
    return out.toByteArray();
  }
}
