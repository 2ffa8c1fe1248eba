package io.github.nextclass.hub;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpResponse.ResponseInfo;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A model on the hub: which commit a revision is, the files of a commit, and their bytes. Tries
 * again where that may help.
 */
final class RemoteModel {
  private static final long MAX_JSON_BYTES = 64L << 20;
  private static final int MAX_PAGES = 1_000;
  private static final Pattern NEXT_PAGE = Pattern.compile("<([^>]*)>\\s*;\\s*rel=\"?next\"?");

  private final ModelName model;
  private final HubOptions options;
  private final HubClient client;
  private final Refusals refusals;
  private final Backoff backoff;

  RemoteModel(
      ModelName model,
      HubOptions options,
      HubClient client,
      Machine machine,
      ProgressMeter progress) {
    this.model = model;
    this.options = options;
    this.client = client;
    this.refusals = new Refusals(model, options, machine);
    this.backoff = new Backoff(machine, model, progress, refusals::unreachable);
  }

  /** The commit that the revision is at now. */
  String commit() throws IOException {
    String revision = options.revision();
    if (Checksum.isSha1(revision)) {
      return revision;
    }
    URI uri = address("/api/models/" + model + "/revision/" + encode(revision));
    return HubJson.readCommit(json(uri).body().orElseThrow(), uri.toString());
  }

  /** All files of a commit. */
  List<RemoteFile> files(String commit) throws IOException {
    List<RemoteFile> files = new ArrayList<>();
    URI page = address("/api/models/%s/tree/%s?recursive=true".formatted(model, commit));
    for (int pages = 0; pages < MAX_PAGES; pages++) {
      Reply<byte[]> reply = json(page);
      files.addAll(HubJson.readFiles(reply.body().orElseThrow(), page.toString()));
      Optional<URI> next = nextPage(page, reply);
      if (next.isEmpty()) {
        return files;
      }
      page = next.get();
    }
    throw new HubException(
        "%s: the hub lists more than %d pages of files; check HF_ENDPOINT"
            .formatted(model, MAX_PAGES));
  }

  private static Optional<URI> nextPage(URI page, Reply<?> reply) throws HubException {
    Matcher next = NEXT_PAGE.matcher(reply.header("Link").orElse(""));
    if (!next.find()) {
      return Optional.empty();
    }
    try {
      return Optional.of(page.resolve(next.group(1)));
    } catch (IllegalArgumentException e) {
      throw new HubException(
          "%s: its next page is %s, which is no address; check HF_ENDPOINT"
              .formatted(page, Texts.quote(next.group(1))),
          e);
    }
  }

  /** Where the hub has a file. */
  URI address(String commit, RemoteFile file) {
    StringBuilder path = new StringBuilder("/%s/resolve/%s".formatted(model, commit));
    for (String part : file.path().split("/", -1)) {
      path.append('/').append(encode(part));
    }
    return address(path.toString());
  }

  private URI address(String pathAndQuery) {
    return URI.create(options.endpoint() + pathAndQuery);
  }

  private static String encode(String part) {
    return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private Reply<byte[]> json(URI uri) throws IOException {
    return retry(() ->
        get(
            uri,
            null,
            info -> BodySubscribers.limiting(BodySubscribers.ofByteArray(), MAX_JSON_BYTES)));
  }

  <T> T retry(Backoff.Attempt<T> attempt) throws IOException {
    return backoff.run(() -> {
      try {
        return attempt.run();
      } catch (HubException | Backoff.RetryException | InterruptedIOException e) {
        throw e;
      } catch (IOException e) {
        if (client.reached()) {
          throw e; // the network was there, and may come back
        }
        throw refusals.unreachable(e, 1);
      }
    });
  }

  /** One attempt; a status other than 2xx is an exception. */
  <T> Reply<T> get(URI uri, @Nullable String range, Function<ResponseInfo, BodySubscriber<T>> body)
      throws IOException {
    Reply<T> reply = getUnchecked(uri, range, body);
    refusals.check(reply);
    return reply;
  }

  /** One attempt, whatever the status. */
  <T> Reply<T> getUnchecked(
      URI uri, @Nullable String range, Function<ResponseInfo, BodySubscriber<T>> body)
      throws IOException {
    return client.get(uri, range, body);
  }
}
