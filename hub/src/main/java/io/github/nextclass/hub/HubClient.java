package io.github.nextclass.hub;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpResponse.ResponseInfo;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * HTTP as the hub needs it: redirects, a token that stays with the hub, and no answer that is
 * waited for without end.
 */
final class HubClient implements AutoCloseable {
  private static final int MAX_REDIRECTS = 5;

  /** For TCP, where a lost packet costs 1, 2, 4 and 8 s, and for the handshake of TLS. */
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(20);

  private static final String USER_AGENT = "nextclass-hub";

  private final HubOptions options;
  private final Machine machine;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpClient http;

  /** Whether anybody ever answered: a network that worked is worth waiting for. */
  private volatile boolean reached;

  HubClient(HubOptions options, Machine machine) {
    this.options = options;
    this.machine = machine;
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            // Each range gets a connection of its own, where HTTP/2 would put all into one.
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(CONNECT_TIMEOUT)
            .proxy(options.proxies())
            .executor(threads);
    if (options.proxies() instanceof EnvironmentProxies proxies) {
      proxies.authenticator().ifPresent(builder::authenticator);
    }
    this.http = builder.build();
  }

  boolean reached() {
    return reached;
  }

  /**
   * Sends one request, and follows redirects. The token goes to the hub itself and nowhere else.
   *
   * @param range the value of the header of that name, or null
   * @param body takes the bytes of an answer with status 2xx
   */
  <T> Reply<T> get(URI uri, @Nullable String range, Function<ResponseInfo, BodySubscriber<T>> body)
      throws IOException {
    String etag = null;
    URI next = uri;
    for (int redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      HttpResponse<Optional<T>> response = send(next, range, body);
      reached = true;
      if (etag == null && isHub(next)) {
        etag = etag(response);
      }
      Optional<String> location = response.headers().firstValue("Location");
      if (!isRedirect(response.statusCode()) || location.isEmpty()) {
        return new Reply<>(
            response.statusCode(),
            response.headers(),
            next,
            Optional.ofNullable(etag),
            response.body());
      }
      next = follow(next, location.get());
    }
    throw new HubException(
        "%s leads from one address to the next, more than %d times; check HF_ENDPOINT"
            .formatted(uri, MAX_REDIRECTS));
  }

  private static boolean isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  private static URI follow(URI from, String location) throws HubException {
    URI to;
    try {
      to = from.resolve(location);
    } catch (IllegalArgumentException e) {
      throw new HubException(
          "%s leads to %s, which is no address; check HF_ENDPOINT"
              .formatted(from, Texts.quote(location)),
          e);
    }
    String scheme = String.valueOf(to.getScheme());
    boolean downgrade = "https".equals(from.getScheme()) && !"https".equals(scheme);
    if (to.getHost() == null || downgrade || !(scheme.equals("https") || scheme.equals("http"))) {
      throw new HubException(
          "%s leads to %s, which is not safe to follow; check HF_ENDPOINT and your proxy"
              .formatted(from, Texts.quote(location)));
    }
    return to;
  }

  /** The same scheme, host and port: another port may be somebody else. */
  private boolean isHub(URI uri) {
    URI hub = options.endpoint();
    return uri.getScheme().equalsIgnoreCase(hub.getScheme())
        && uri.getHost().equalsIgnoreCase(hub.getHost())
        && port(uri) == port(hub);
  }

  private static int port(URI uri) {
    if (uri.getPort() >= 0) {
      return uri.getPort();
    }
    return uri.getScheme().toLowerCase(Locale.ROOT).equals("https") ? 443 : 80;
  }

  /** X-Linked-Etag is that of the file where the answer itself is only a redirect to it. */
  private static @Nullable String etag(HttpResponse<?> response) {
    HttpHeaders headers = response.headers();
    Optional<String> etag = headers.firstValue("X-Linked-Etag");
    if (etag.isEmpty() && response.statusCode() / 100 == 2) {
      etag = headers.firstValue("ETag");
    }
    return etag.map(value -> value.replaceFirst("^W/", "").replace("\"", "")).orElse(null);
  }

  private <T> HttpResponse<Optional<T>> send(
      URI uri, @Nullable String range, Function<ResponseInfo, BodySubscriber<T>> body)
      throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .header("User-Agent", USER_AGENT)
            // Sizes and ranges are those of the file itself.
            .header("Accept-Encoding", "identity");
    if (range != null) {
      request.header("Range", range);
    }
    if (isHub(uri)) {
      options.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
    }
    Liveness liveness = new Liveness();
    CompletableFuture<HttpResponse<Optional<T>>> response =
        http.sendAsync(
            request.build(),
            info ->
                liveness.watch(
                    info.statusCode() / 100 == 2
                        ? BodySubscribers.mapping(body.apply(info), Optional::of)
                        : BodySubscribers.replacing(Optional.empty())));
    return await(response, liveness, uri);
  }

  /** The timeout of HttpRequest ends with the headers; a body may stop coming as well. */
  private <T> T await(CompletableFuture<T> response, Liveness liveness, URI uri)
      throws IOException {
    long patience = machine.patience().toNanos();
    while (true) {
      long before = liveness.signs();
      try {
        return response.get(patience, TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        if (liveness.signs() == before) {
          response.cancel(true);
          throw new IOException(
              "%s sent nothing for %s".formatted(uri.getHost(), Texts.seconds(machine.patience())),
              e);
        }
      } catch (InterruptedException e) {
        response.cancel(true);
        throw Interrupts.convert(e);
      } catch (ExecutionException e) {
        throw unwrap(e);
      }
    }
  }

  private static IOException unwrap(ExecutionException e) {
    return switch (e.getCause()) {
      case HubException hub -> hub;
      case IOException io when io.getCause() instanceof HubException hub -> hub;
      case UncheckedIOException unchecked when unchecked.getCause() != null -> unchecked.getCause();
      case IOException io -> io;
      case RuntimeException unchecked -> throw unchecked;
      case Error error -> throw error;
      case null, default -> new IOException(e);
    };
  }

  /** Ends what is still running; no thread stays. */
  @Override
  public void close() {
    http.shutdownNow();
    http.close();
    threads.close();
  }
}
