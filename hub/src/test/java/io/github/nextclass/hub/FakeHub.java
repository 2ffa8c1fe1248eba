package io.github.nextclass.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A hub on the loopback interface that speaks as huggingface.co does: revisions and trees as JSON;
 * files with ETag and ranges, large ones (LFS) from a second server, as from a CDN, that the hub
 * redirects to. A test may put an {@link Answer} before it.
 */
final class FakeHub implements AutoCloseable {
  static final String COMMIT = "c1899de289a04d12100db370d81485cdf75e47ca";
  static final String NAME = "acme/tiny";

  /** Answers a request instead of the hub; returns whether it did. */
  interface Answer {
    boolean to(HttpExchange exchange) throws IOException;
  }

  /** What was asked, and who asked. */
  record Seen(boolean ofCdn, String path, @Nullable String range, @Nullable String token) {}

  /** The bytes of a file, which may be larger than any array. */
  interface Content {
    long sizeBytes();

    void writeTo(OutputStream out, long from, long to) throws IOException;
  }

  private record File(Content content, boolean lfs, String checksum) {}

  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d*)");

  private final HttpServer hub;
  private final HttpServer cdn;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, File> files = new ConcurrentSkipListMap<>();
  private final Map<String, String> revisions = new ConcurrentHashMap<>(Map.of("main", COMMIT));
  private final List<Seen> seen = new CopyOnWriteArrayList<>();
  private volatile Answer hubFirst = exchange -> false;
  private volatile Answer cdnFirst = exchange -> false;
  private volatile long pauseMillis;
  private final AtomicLong sentBytes = new AtomicLong();
  private volatile long haltAtBytes = Long.MAX_VALUE;
  private volatile String modelName = NAME;
  private volatile String cdnHost = "127.0.0.1";

  FakeHub() throws IOException {
    this(0);
  }

  FakeHub(int port) throws IOException {
    hub = server(port);
    cdn = server(0);
    hub.createContext("/", exchange -> handle(exchange, false));
    cdn.createContext("/", exchange -> handle(exchange, true));
    hub.start();
    cdn.start();
  }

  private HttpServer server(int port) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.setExecutor(threads);
    return server;
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + hub.getAddress().getPort());
  }

  URI cdnEndpoint() {
    return URI.create("http://" + cdnHost + ":" + cdn.getAddress().getPort());
  }

  FakeHub named(String model) {
    modelName = model;
    return this;
  }

  FakeHub revision(String name, String commit) {
    revisions.put(name, commit);
    return this;
  }

  FakeHub small(String path, String text) {
    return small(path, text.getBytes(StandardCharsets.UTF_8));
  }

  FakeHub small(String path, byte[] bytes) {
    files.put(path, new File(new Bytes(bytes), false, gitSha1(bytes)));
    return this;
  }

  FakeHub lfs(String path, Content content) throws IOException {
    files.put(path, new File(content, true, sha256(content)));
    return this;
  }

  /** As {@link #lfs(String, Content)}, with a checksum that is known or wrong. */
  FakeHub lfs(String path, Content content, String checksum) {
    files.put(path, new File(content, true, checksum));
    return this;
  }

  /** The files of a model that can be fetched. */
  FakeHub model(long weightBytes) throws IOException {
    return small("config.json", "{\"model_type\": \"qwen3\"}")
        .small("generation_config.json", "{}")
        .small("tokenizer.json", "{\"version\": \"1.0\"}")
        .small("README.md", "# not needed")
        .small("pytorch_model.bin", "never")
        .lfs("model.safetensors", new Pattern64(weightBytes));
  }

  FakeHub answering(Answer first) {
    hubFirst = first;
    return this;
  }

  FakeHub cdnAnswering(Answer first) {
    cdnFirst = first;
    return this;
  }

  /** Waits so long after each 64 kB of a body. */
  FakeHub slowly(long millis) {
    pauseMillis = millis;
    return this;
  }

  /** Sends so many more bytes of large files, and then waits for the next such call. */
  void haltAfter(long bytes) {
    haltAtBytes = bytes == Long.MAX_VALUE ? bytes : sentBytes.get() + bytes;
  }

  boolean isHalted() {
    return sentBytes.get() >= haltAtBytes;
  }

  /** How many bytes of large files were sent, in all. */
  long sentBytes() {
    return sentBytes.get();
  }

  List<Seen> seen() {
    return seen;
  }

  long seenOf(String pathPart) {
    return seen.stream().filter(request -> request.path().contains(pathPart)).count();
  }

  static void refuse(HttpExchange exchange, int status, String... headers) throws IOException {
    for (int i = 0; i < headers.length; i += 2) {
      exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
    }
    exchange.sendResponseHeaders(status, -1);
    exchange.close();
  }

  private void handle(HttpExchange exchange, boolean ofCdn) throws IOException {
    String path = exchange.getRequestURI().getPath();
    seen.add(
        new Seen(
            ofCdn,
            path,
            exchange.getRequestHeaders().getFirst("Range"),
            exchange.getRequestHeaders().getFirst("Authorization")));
    try (exchange) {
      if ((ofCdn ? cdnFirst : hubFirst).to(exchange)) {
        return;
      }
      if (ofCdn) {
        sendFile(exchange, find(path.substring(1)));
      } else {
        answer(exchange, path);
      }
    } catch (IOException e) {
      // the client has gone
    }
  }

  private void answer(HttpExchange exchange, String path) throws IOException {
    String raw = exchange.getRequestURI().getRawPath();
    String api = "/api/models/" + modelName;
    String resolve = "/" + modelName + "/resolve/";
    if (raw.startsWith(api + "/revision/") || raw.equals(api)) {
      String revision =
          raw.equals(api) ? "main" : decode(raw.substring((api + "/revision/").length()));
      String commit = commit(revision);
      if (commit == null) {
        refuse(exchange, 404, "X-Error-Code", "RevisionNotFound");
        return;
      }
      sendJson(
          exchange,
          "{\"id\":\"%s\",\"modelId\":\"%s\",\"sha\":\"%s\",\"private\":false,\"tags\":[],\"downloads\":0,\"likes\":0,\"siblings\":[]}"
              .formatted(modelName, modelName, commit));
    } else if (raw.startsWith(api + "/tree/")) {
      sendJson(exchange, listing());
    } else if (path.startsWith(resolve)) {
      String rest = path.substring(resolve.length());
      int slash = rest.indexOf('/');
      String commit = commit(rest.substring(0, slash));
      File file = find(rest.substring(slash + 1));
      if (commit == null || file == null) {
        refuse(
            exchange,
            404,
            "X-Error-Code",
            commit == null ? "RevisionNotFound" : "EntryNotFound",
            "X-Repo-Commit",
            commit == null ? COMMIT : commit);
        return;
      }
      exchange.getResponseHeaders().set("X-Repo-Commit", commit);
      if (file.lfs()) {
        refuse(
            exchange,
            302,
            "Location",
            cdnEndpoint() + "/" + rest.substring(slash + 1) + "?signature=secret",
            "X-Linked-Size",
            Long.toString(file.content().sizeBytes()),
            "X-Linked-Etag",
            '"' + file.checksum() + '"');
      } else {
        exchange.getResponseHeaders().set("ETag", '"' + file.checksum() + '"');
        sendFile(exchange, file);
      }
    } else {
      refuse(exchange, 401, "X-Error-Code", "RepoNotFound");
    }
  }

  private @Nullable String commit(String revision) {
    return revisions.containsValue(revision) ? revision : revisions.get(revision);
  }

  private @Nullable File find(String path) {
    return files.get(path);
  }

  private String listing() {
    List<String> entries = new ArrayList<>();
    entries.add(
        "{\"type\":\"directory\",\"oid\":\"%s\",\"size\":0,\"path\":\"1_Pooling\"}"
            .formatted(COMMIT));
    files.forEach((path, file) -> {
      String oid = file.lfs() ? COMMIT : file.checksum();
      long bytes = file.content().sizeBytes();
      String lfs =
          file.lfs()
              ? ",\"lfs\":{\"oid\":\"%s\",\"size\":%d,\"pointerSize\":135}"
                  .formatted(file.checksum(), bytes)
              : "";
      entries.add(
          "{\"type\":\"file\",\"oid\":\"%s\",\"size\":%d,\"path\":\"%s\"%s}"
              .formatted(oid, bytes, path.replace("\\", "\\\\"), lfs));
    });
    return "[" + String.join(",", entries) + "]";
  }

  static void sendJson(HttpExchange exchange, String json) throws IOException {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  private void sendFile(HttpExchange exchange, @Nullable File file) throws IOException {
    if (file == null) {
      refuse(exchange, 404);
      return;
    }
    Content content = file.content();
    long size = content.sizeBytes();
    String range = exchange.getRequestHeaders().getFirst("Range");
    Matcher matcher = RANGE.matcher(range == null ? "" : range);
    long from = 0;
    long to = size;
    int status = 200;
    if (matcher.matches()) {
      from = Long.parseLong(matcher.group(1));
      to = matcher.group(2).isEmpty() ? size : Math.min(size, Long.parseLong(matcher.group(2)) + 1);
      status = 206;
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes %d-%d/%d".formatted(from, to - 1, size));
    }
    exchange.getResponseHeaders().set("Accept-Ranges", "bytes");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", Long.toString(to - from));
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, to == from ? -1 : to - from);
    OutputStream out = exchange.getResponseBody();
    try {
      for (long at = from; at < to; at += 1 << 16) {
        while (file.lfs() && isHalted()) {
          Thread.sleep(2);
        }
        long end = Math.min(to, at + (1 << 16));
        content.writeTo(out, at, end);
        if (file.lfs()) {
          sentBytes.addAndGet(end - at);
        }
        if (pauseMillis > 0) {
          Thread.sleep(pauseMillis);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String decode(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    hub.stop(0);
    cdn.stop(0);
    threads.shutdownNow();
  }

  // ---- contents

  /** Bytes in memory. */
  record Bytes(byte[] bytes) implements Content {
    @Override
    public long sizeBytes() {
      return bytes.length;
    }

    @Override
    public void writeTo(OutputStream out, long from, long to) throws IOException {
      out.write(bytes, (int) from, (int) (to - from));
    }
  }

  /** Bytes that differ from place to place, and are nowhere: byte i is the hash of i / 64. */
  record Pattern64(long sizeBytes) implements Content {
    @Override
    public void writeTo(OutputStream out, long from, long to) throws IOException {
      byte[] bytes = new byte[(int) (to - from)];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) ((((from + i) >>> 6) * 0x9E3779B97F4A7C15L) >>> 56);
      }
      out.write(bytes);
    }
  }

  /** A file of this machine. */
  record OnDisk(Path file) implements Content {
    @Override
    public long sizeBytes() {
      try {
        return Files.size(file);
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    @Override
    public void writeTo(OutputStream out, long from, long to) throws IOException {
      try (InputStream in = Files.newInputStream(file)) {
        in.skipNBytes(from);
        out.write(in.readNBytes((int) (to - from)));
      }
    }
  }

  static String sha256(Content content) throws IOException {
    MessageDigest digest = digest("SHA-256");
    try (OutputStream out =
        new java.security.DigestOutputStream(OutputStream.nullOutputStream(), digest)) {
      for (long at = 0; at < content.sizeBytes(); at += 1 << 20) {
        content.writeTo(out, at, Math.min(content.sizeBytes(), at + (1 << 20)));
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  static String gitSha1(byte[] bytes) {
    MessageDigest digest = digest("SHA-1");
    digest.update(("blob " + bytes.length + "\0").getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(digest.digest(bytes));
  }

  private static MessageDigest digest(String name) {
    try {
      return MessageDigest.getInstance(name);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Serves a folder as the model {@code local/served} until standard input ends: {@code FakeHub
   * FOLDER}. Prints its address first.
   */
  public static void main(String[] args) throws IOException {
    try (FakeHub hub = new FakeHub().named("local/served");
        var paths = Files.list(Path.of(args[0]))) {
      hub.cdnHost = "localhost"; // for huggingface_hub another port is not another host
      for (Path file : paths.filter(Files::isRegularFile).toList()) {
        String name = file.getFileName().toString();
        if (name.endsWith(".safetensors")) {
          hub.lfs(name, new OnDisk(file));
        } else {
          hub.small(name, Files.readAllBytes(file));
        }
      }
      System.out.println(hub.endpoint());
      while (System.in.read() >= 0) {}
    }
  }
}
