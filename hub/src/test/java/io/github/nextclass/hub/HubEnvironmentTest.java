package io.github.nextclass.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Variables mean what they mean to huggingface_hub. */
class HubEnvironmentTest {
  @TempDir Path home;

  private HubOptions options(String... variables) {
    Map<String, String> map = new java.util.HashMap<>();
    for (int i = 0; i < variables.length; i += 2) {
      map.put(variables[i], variables[i + 1]);
    }
    return new HubEnvironment(map, home).options();
  }

  @Test
  void defaults() {
    HubOptions options = options();

    assertThat(options.endpoint()).hasToString("https://huggingface.co");
    assertThat(options.cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
    assertThat(options.token()).isEmpty();
    assertThat(options.revision()).isEqualTo("main");
    assertThat(options.offline()).isFalse();
  }

  @Test
  void whereTheCacheIs() {
    assertThat(options("XDG_CACHE_HOME", "/x").cache()).hasToString("/x/huggingface/hub");
    assertThat(options("HF_HOME", "/h", "XDG_CACHE_HOME", "/x").cache()).hasToString("/h/hub");
    assertThat(options("HUGGINGFACE_HUB_CACHE", "/old", "HF_HOME", "/h").cache())
        .hasToString("/old");
    assertThat(options("HF_HUB_CACHE", "/c", "HUGGINGFACE_HUB_CACHE", "/old").cache())
        .hasToString("/c");
    assertThat(options("HF_HOME", "~/hf").cache()).isEqualTo(home.resolve("hf/hub"));
    assertThat(options("HF_HOME", "$DISK/${USER}", "DISK", "/d", "USER", "me").cache())
        .hasToString("/d/me/hub");
    assertThat(options("HF_HOME", "").cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
  }

  @Test
  void token() throws IOException {
    Path file = Files.createDirectories(home.resolve(".cache/huggingface")).resolve("token");
    Files.writeString(file, "hf_file\n");

    assertThat(options().token()).contains("hf_file");
    assertThat(options("HF_TOKEN", " hf_env\n").token()).contains("hf_env");
    assertThat(options("HUGGING_FACE_HUB_TOKEN", "hf_old").token()).contains("hf_old");
    assertThat(options("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1").token()).isEmpty();
    Path other = Files.writeString(home.resolve("other"), "hf_other");
    assertThat(options("HF_TOKEN_PATH", other.toString()).token()).contains("hf_other");
    Files.writeString(file, " \n");
    assertThat(options().token()).isEmpty();
  }

  @Test
  void aTokenIsNeverShown() {
    assertThat(options("HF_TOKEN", "hf_secret").toString())
        .contains("token=given")
        .doesNotContain("hf_secret");
    assertThatThrownBy(() -> options("HF_TOKEN", "hf_se\ncret"))
        .hasMessageContaining("HF_TOKEN")
        .hasMessageNotContaining("cret");
  }

  @ParameterizedTest
  @CsvSource({"1,true", "true,true", "YES,true", "on,true", "0,false", "false,false", "'',false"})
  void offline(String value, boolean offline) {
    assertThat(options("HF_HUB_OFFLINE", value).offline()).isEqualTo(offline);
    assertThat(options("TRANSFORMERS_OFFLINE", value).offline()).isEqualTo(offline);
  }

  @Test
  void endpoint() {
    assertThat(options("HF_ENDPOINT", "https://mirror.example/hf/").endpoint())
        .hasToString("https://mirror.example/hf");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"mirror.example", "ftp://mirror.example", "https://", "https:///x", "a b"})
  void notAnEndpoint(String endpoint) {
    assertThatThrownBy(() -> options("HF_ENDPOINT", endpoint))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("HF_ENDPOINT");
  }

  @Test
  void proxies() {
    ProxySelector proxies =
        EnvironmentProxies.of(
            Map.of(
                "HTTPS_PROXY", "http://me:pw@big:8080",
                "https_proxy", "http://small:3128/",
                "ALL_PROXY", "all",
                "no_proxy", "localhost, .corp.example,*.lan,hub.example:8443"));

    assertThat(proxy(proxies, "https://huggingface.co/x")).isEqualTo("small:3128");
    assertThat(proxy(proxies, "http://huggingface.co/x")).isEqualTo("all:80");
    for (String direct :
        new String[] {
          "https://localhost/",
          "https://corp.example",
          "https://a.corp.example",
          "http://x.lan",
          "https://hub.example:8443"
        }) {
      assertThat(proxy(proxies, direct)).as(direct).isEqualTo("direct");
    }
    assertThat(proxy(proxies, "https://hub.example")).isEqualTo("small:3128");
    assertThat(proxy(proxies, "https://notcorp.example")).isEqualTo("small:3128");
    assertThat(
            proxy(EnvironmentProxies.of(Map.of("all_proxy", "p:1", "no_proxy", "*")), "https://a"))
        .isEqualTo("direct");
  }

  private static String proxy(ProxySelector proxies, String uri) {
    Proxy proxy = proxies.select(URI.create(uri)).getFirst();
    return proxy.type() == Proxy.Type.DIRECT
        ? "direct"
        : proxy.address().toString().replaceFirst("/<unresolved>", "");
  }

  @Test
  void aWrongProxyIsNamedWithoutItsPassword() {
    assertThatThrownBy(
            () -> EnvironmentProxies.of(Map.of("https_proxy", "socks5://me:secret@host:1")))
        .hasMessageContaining("https_proxy is not the address of an http proxy")
        .hasMessageNotContaining("secret");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Qwen/Qwen3-0.6B", "a/b", "a.b/c_d-e", "_x/y_"})
  void names(String name) {
    assertThat(ModelName.isValid(name)).isTrue();
    assertThat(ModelName.parse(name)).hasToString(name);
    assertThat(ModelName.ofFolder(ModelName.parse(name).folderName()))
        .contains(ModelName.parse(name));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "Qwen3", "a/b/c", "/a", "a/", "../b", "a/..", "a--b/c", "a/b--c", "a/b..c", "a/.b",
        "a/b.", "-a/b", "a/b-", "a/b.git", "a b/c", "a\\b/c", "a/b\n", "é/b", "a/b?c"
      })
  void notNames(String name) {
    assertThat(ModelName.isValid(name)).isFalse();
    assertThatThrownBy(() -> ModelName.parse(name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected org/name, such as Qwen/Qwen3-0.6B");
  }
}
