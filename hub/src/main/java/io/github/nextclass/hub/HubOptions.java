package io.github.nextclass.hub;

import static java.util.Objects.requireNonNull;

import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where models come from and where they are kept. Immutable; start from {@link #fromEnvironment()}
 * and change what should differ.
 *
 * @param endpoint the hub, {@code https://huggingface.co} or a mirror; http or https
 * @param token what proves who you are; sent to the endpoint's own scheme, host and port only
 * @param cache the folder that holds {@code models--org--name} folders
 * @param revision a branch, a tag or a commit
 * @param offline whether the network must not be used
 * @param connections how many connections at most, 1 to 64
 * @param proxies which proxy leads to which host
 * @param listener hears of downloads
 */
public record HubOptions(
    URI endpoint,
    Optional<String> token,
    Path cache,
    String revision,
    boolean offline,
    int connections,
    ProxySelector proxies,
    DownloadListener listener) {
  static final String DEFAULT_REVISION = "main";
  static final int DEFAULT_CONNECTIONS = 8;
  private static final int MAX_CONNECTIONS = 64;

  /**
   * Creates options.
   *
   * @param endpoint the hub
   * @param token the token
   * @param cache the cache
   * @param revision the revision
   * @param offline whether the network must not be used
   * @param connections how many connections at most
   * @param proxies which proxy leads to which host
   * @param listener hears of downloads
   * @throws IllegalArgumentException if the endpoint is no http or https address, the revision
   *     cannot be one, the token holds characters that no token has, or connections is not 1 to 64
   */
  public HubOptions {
    requireNonNull(cache, "cache");
    requireNonNull(proxies, "proxies");
    requireNonNull(listener, "listener");
    String scheme = endpoint.getScheme();
    if (endpoint.getHost() == null || !("http".equals(scheme) || "https".equals(scheme))) {
      throw new IllegalArgumentException(
          "endpoint (HF_ENDPOINT) is %s, expected such as https://huggingface.co"
              .formatted(Texts.quote(endpoint.toString())));
    }
    endpoint = URI.create(endpoint.toString().replaceFirst("/+$", ""));
    if (token.isPresent() && !token.get().matches("[!-~]+")) {
      throw new IllegalArgumentException(
          "the token (HF_TOKEN) holds characters other than visible ASCII; is it the whole token?");
    }
    RepoFolder.checkRevision(revision);
    if (connections < 1 || connections > MAX_CONNECTIONS) {
      throw new IllegalArgumentException(
          "connections is %d, expected 1 to %d".formatted(connections, MAX_CONNECTIONS));
    }
  }

  /**
   * Returns what the environment says, by the rules of Python's huggingface_hub: HF_ENDPOINT;
   * HF_TOKEN, or the file that "hf auth login" writes (HF_TOKEN_PATH, else in HF_HOME);
   * HF_HUB_CACHE, HF_HOME, else {@code ~/.cache/huggingface}; HF_HUB_OFFLINE; https_proxy,
   * http_proxy, all_proxy and no_proxy. The revision is {@code main}, and nobody listens.
   *
   * @return the options
   * @throws IllegalArgumentException if a variable holds what it cannot mean
   */
  public static HubOptions fromEnvironment() {
    return new HubEnvironment(System.getenv(), Path.of(System.getProperty("user.home"))).options();
  }

  /**
   * Changes the hub.
   *
   * @param value an http or https address
   * @return changed options
   */
  public HubOptions withEndpoint(URI value) {
    return new HubOptions(value, token, cache, revision, offline, connections, proxies, listener);
  }

  /**
   * Changes the token.
   *
   * @param value empty for none
   * @return changed options
   */
  public HubOptions withToken(Optional<String> value) {
    return new HubOptions(
        endpoint, value, cache, revision, offline, connections, proxies, listener);
  }

  /**
   * Changes the cache.
   *
   * @param value a folder; it is made when something is put there
   * @return changed options
   */
  public HubOptions withCache(Path value) {
    return new HubOptions(
        endpoint, token, value, revision, offline, connections, proxies, listener);
  }

  /**
   * Changes the revision.
   *
   * @param value a branch, a tag or a commit; only a whole commit always means the same files
   * @return changed options
   */
  public HubOptions withRevision(String value) {
    return new HubOptions(endpoint, token, cache, value, offline, connections, proxies, listener);
  }

  /**
   * Allows or forbids the network.
   *
   * @param value whether the network must not be used
   * @return changed options
   */
  public HubOptions withOffline(boolean value) {
    return new HubOptions(endpoint, token, cache, revision, value, connections, proxies, listener);
  }

  /**
   * Changes the number of connections.
   *
   * @param value 1 to 64
   * @return changed options
   */
  public HubOptions withConnections(int value) {
    return new HubOptions(endpoint, token, cache, revision, offline, value, proxies, listener);
  }

  /**
   * Changes the proxies.
   *
   * @param value which proxy leads to which host
   * @return changed options
   */
  public HubOptions withProxies(ProxySelector value) {
    return new HubOptions(endpoint, token, cache, revision, offline, connections, value, listener);
  }

  /**
   * Changes the listener.
   *
   * @param value hears of downloads
   * @return changed options
   */
  public HubOptions withListener(DownloadListener value) {
    return new HubOptions(endpoint, token, cache, revision, offline, connections, proxies, value);
  }

  /** Returns all but the token, of which it only says whether there is one. */
  @Override
  public String toString() {
    return "HubOptions[endpoint=%s, token=%s, cache=%s, revision=%s, offline=%s, connections=%d]"
        .formatted(
            endpoint, token.isPresent() ? "given" : "none", cache, revision, offline, connections);
  }
}
