package io.github.nextclass.hub;

import io.github.nextclass.hub.Backoff.RetryException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpConnectTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/** What it means when the hub does not give what it was asked for, and what can be done. */
final class Refusals {
  /** Such as {@code "api";r=0;t=55}: seconds until requests are served again. */
  private static final Pattern RATE_LIMIT = Pattern.compile(";\\s*t=(\\d{1,9})");

  private final ModelName model;
  private final HubOptions options;
  private final Machine machine;

  Refusals(ModelName model, HubOptions options, Machine machine) {
    this.model = model;
    this.options = options;
    this.machine = machine;
  }

  /** Throws what stands for a status other than 2xx. */
  void check(Reply<?> reply) throws IOException {
    int status = reply.status();
    if (status / 100 == 2) {
      return;
    }
    String code = reply.header("X-Error-Code").orElse("");
    switch (status) {
      case 401 -> throw unauthorized(code);
      case 403 -> throw forbidden(reply, code);
      case 404 -> throw notFound(code);
      case 407 ->
          throw new HubException(
              "%s: the proxy wants a password (407); put it into https_proxy=http://user:password@host:port, and start Java with -Djdk.http.auth.tunneling.disabledSchemes="
                  .formatted(model));
      case 408, 429, 500, 502, 503, 504 -> throw later(reply);
      default ->
          throw new HubException(
              "%s: %s answered %d%s; check HF_ENDPOINT and your proxy, and try again later"
                  .formatted(model, reply.uri().getHost(), status, said(reply)));
    }
  }

  private HubException unauthorized(String code) {
    if (options.token().isPresent() && !code.equals("GatedRepo") && !code.equals("RepoNotFound")) {
      return new HubException(
          "%s: the hub does not accept the token (401); make a new one at %s/settings/tokens and put it into HF_TOKEN, or run 'hf auth login'"
              .formatted(model, options.endpoint()));
    }
    String what = code.equals("GatedRepo") ? "is gated" : "does not exist, or is private or gated";
    return new HubException(
        "%s %s (401); check the name. If it is right, accept the terms at %s, make a token at %s/settings/tokens and put it into HF_TOKEN"
            .formatted(model, what, page(), options.endpoint()));
  }

  private HubException forbidden(Reply<?> reply, String code) {
    if (code.equals("GatedRepo")) {
      return new HubException(
          "%s is gated, and the owner of the token has no access (403); ask for it at %s, and see that the token may read gated models"
              .formatted(model, page()));
    }
    return new HubException(
        "%s: access is forbidden (403)%s; see that the token in HF_TOKEN may read this model, and that no proxy stands in the way"
            .formatted(model, said(reply)));
  }

  private HubException notFound(String code) {
    return switch (code) {
      case "RevisionNotFound" ->
          new HubException(
              "%s has no revision %s (404); its branches and tags are listed at %s/tree/main"
                  .formatted(model, Texts.quote(options.revision()), page()));
      case "EntryNotFound" ->
          new HubException(
              "%s: a file that the hub lists is not there (404); the model may just be changing, so try again"
                  .formatted(model));
      default ->
          new HubException(
              "%s does not exist at %s (404); check the name, or look for it at %s/models"
                  .formatted(model, options.endpoint(), options.endpoint()));
    };
  }

  private RetryException later(Reply<?> reply) {
    int status = reply.status();
    if (status == 429) {
      return new RetryException(
          "the hub gets too many requests from here (429)",
          retryAfter(reply),
          options.token().isPresent()
              ? "try again later; what was downloaded stays"
              : "try again later, or set HF_TOKEN: with a token more is allowed");
    }
    return new RetryException(
        "%s cannot answer now (%d)".formatted(reply.uri().getHost(), status),
        retryAfter(reply),
        "try again later (https://status.huggingface.co tells of outages); what was downloaded stays");
  }

  /** Retry-After holds seconds or a date; the hub's own RateLimit holds seconds. */
  private Optional<Duration> retryAfter(Reply<?> reply) {
    Optional<String> header = reply.header("Retry-After").map(String::strip);
    if (header.isEmpty()) {
      Matcher limit = RATE_LIMIT.matcher(reply.header("RateLimit").orElse(""));
      return reply.status() == 429 && limit.find()
          ? Optional.of(Duration.ofSeconds(Long.parseLong(limit.group(1))))
          : Optional.empty();
    }
    String value = header.get();
    if (value.matches("\\d{1,9}")) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(value)));
    }
    try {
      ZonedDateTime date = ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME);
      Duration wait = Duration.between(machine.now(), date.toInstant());
      return Optional.of(wait.isNegative() ? Duration.ZERO : wait);
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  /** What is said when the network fails time after time. */
  HubException unreachable(IOException e, int attempts) {
    URI hub = options.endpoint();
    String tried = attempts == 1 ? "" : ", after %d attempts".formatted(attempts);
    if (e instanceof SSLException) {
      return new HubException(
          "%s: no safe connection to %s (%s)%s; if a proxy opens TLS, Java must know its certificate (-Djavax.net.ssl.trustStore=FILE)"
              .formatted(model, hub, reason(e), tried),
          e);
    }
    return new HubException(
        "%s: %s cannot be reached, or the connection broke (%s)%s; check the network, https_proxy and HF_ENDPOINT. What was downloaded stays, and the next try goes on from there"
            .formatted(model, hub, reason(e), tried),
        e);
  }

  /** The innermost message tells most: ConnectException itself has none. */
  private static String reason(IOException e) {
    if (e instanceof HttpConnectTimeoutException) {
      return "no answer";
    }
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause.getMessage() != null) {
        return cause.getMessage();
      } else if (cause instanceof UnresolvedAddressException) {
        return "unknown host";
      }
    }
    return e instanceof ConnectException ? "connection refused" : e.getClass().getSimpleName();
  }

  private String page() {
    return options.endpoint() + "/" + model;
  }

  private static String said(Reply<?> reply) {
    return reply.header("X-Error-Message").map(text -> ": " + Texts.quote(text)).orElse("");
  }
}
