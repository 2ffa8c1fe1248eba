package io.github.nextclass.hub;

import java.io.IOException;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The proxies that the environment names, as curl and Python understand it: {@code https_proxy},
 * {@code http_proxy} and {@code all_proxy} hold an address, {@code no_proxy} lists hosts and
 * domains that are reached directly, or "*". Names in small letters win over those in capitals.
 */
final class EnvironmentProxies extends ProxySelector {
  private final Map<String, URI> proxies;
  private final List<String> direct;

  private EnvironmentProxies(Map<String, URI> proxies, List<String> direct) {
    this.proxies = proxies;
    this.direct = direct;
  }

  /** Where no variable names a proxy, Java's own settings hold (https.proxyHost and the like). */
  static ProxySelector of(Map<String, String> variables) {
    Optional<URI> https = proxy(variables, "https_proxy").or(() -> proxy(variables, "all_proxy"));
    Optional<URI> http = proxy(variables, "http_proxy").or(() -> proxy(variables, "all_proxy"));
    if (https.isEmpty() && http.isEmpty()) {
      ProxySelector ofJava = ProxySelector.getDefault();
      return ofJava == null ? new EnvironmentProxies(Map.of(), List.of()) : ofJava;
    }
    Map<String, URI> proxies = new HashMap<>();
    https.ifPresent(uri -> proxies.put("https", uri));
    http.ifPresent(uri -> proxies.put("http", uri));
    List<String> direct = new ArrayList<>();
    for (String host : get(variables, "no_proxy").orElse("").split("[,\\s]+")) {
      if (!host.isEmpty()) {
        direct.add(host.toLowerCase(Locale.ROOT).replaceFirst("^\\*?\\.", ""));
      }
    }
    return new EnvironmentProxies(proxies, direct);
  }

  private static Optional<URI> proxy(Map<String, String> variables, String name) {
    return get(variables, name).map(value -> parse(name, value));
  }

  private static Optional<String> get(Map<String, String> variables, String name) {
    String value = variables.get(name);
    return Optional.ofNullable(value == null ? variables.get(name.toUpperCase(Locale.ROOT)) : value)
        .map(String::strip)
        .filter(text -> !text.isEmpty());
  }

  private static URI parse(String name, String value) {
    String address = value.contains("://") ? value : "http://" + value;
    try {
      URI uri = new URI(address);
      if (uri.getHost() != null && "http".equalsIgnoreCase(uri.getScheme())) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // the same message: the value may hold a password, so it is not shown
    }
    throw new IllegalArgumentException(
        name + " is not the address of an http proxy, expected such as http://proxy.example:3128");
  }

  @Override
  public List<Proxy> select(URI uri) {
    URI proxy =
        uri.getScheme() == null ? null : proxies.get(uri.getScheme().toLowerCase(Locale.ROOT));
    if (proxy == null || isDirect(uri)) {
      return List.of(Proxy.NO_PROXY);
    }
    int port = proxy.getPort() < 0 ? 80 : proxy.getPort();
    return List.of(
        new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(proxy.getHost(), port)));
  }

  /** A name in the list also stands for the domains below it; it may have a port. */
  private boolean isDirect(URI uri) {
    String host = uri.getHost() == null ? "" : uri.getHost().toLowerCase(Locale.ROOT);
    String withPort = host + ":" + uri.getPort();
    for (String name : direct) {
      if (name.equals("*")
          || host.equals(name)
          || withPort.equals(name)
          || host.endsWith("." + name)
          || withPort.endsWith("." + name)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Who is asking, where the environment says so: {@code http://user:password@proxy}. For https
   * Java sends a password only with {@code -Djdk.http.auth.tunneling.disabledSchemes=}.
   */
  Optional<Authenticator> authenticator() {
    if (proxies.values().stream().allMatch(proxy -> proxy.getUserInfo() == null)) {
      return Optional.empty();
    }
    return Optional.of(
        new Authenticator() {
          @Override
          protected @Nullable PasswordAuthentication getPasswordAuthentication() {
            return getRequestorType() == RequestorType.PROXY
                ? credentials(getRequestingHost())
                : null;
          }
        });
  }

  private @Nullable PasswordAuthentication credentials(String host) {
    for (URI proxy : proxies.values()) {
      String user = proxy.getUserInfo();
      if (user != null && host.equalsIgnoreCase(proxy.getHost())) {
        int colon = user.indexOf(':');
        return colon < 0
            ? new PasswordAuthentication(user, new char[0])
            : new PasswordAuthentication(
                user.substring(0, colon), user.substring(colon + 1).toCharArray());
      }
    }
    return null;
  }

  @Override
  public void connectFailed(URI uri, SocketAddress address, IOException e) {
    // the exception reaches the caller anyway
  }
}
