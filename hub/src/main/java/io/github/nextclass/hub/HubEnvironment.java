package io.github.nextclass.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The environment's variables, read as huggingface_hub's constants.py and utils/_auth.py read them;
 * an empty one counts as not set.
 *
 * @param variables the environment
 * @param home the user's home folder
 */
record HubEnvironment(Map<String, String> variables, Path home) {
  private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
  private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");
  private static final Pattern VARIABLE = Pattern.compile("\\$(?:\\{(\\w+)}|(\\w+))");

  HubOptions options() {
    return new HubOptions(
        endpoint(),
        token(),
        cache(),
        HubOptions.DEFAULT_REVISION,
        isTrue("HF_HUB_OFFLINE") || isTrue("TRANSFORMERS_OFFLINE"),
        HubOptions.DEFAULT_CONNECTIONS,
        EnvironmentProxies.of(variables),
        DownloadListener.none());
  }

  private URI endpoint() {
    String endpoint = get("HF_ENDPOINT").orElse(DEFAULT_ENDPOINT).strip();
    try {
      return URI.create(endpoint);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "HF_ENDPOINT is %s, expected such as %s"
              .formatted(Texts.quote(endpoint), DEFAULT_ENDPOINT),
          e);
    }
  }

  private Path cache() {
    return folder("HF_HUB_CACHE")
        .or(() -> folder("HUGGINGFACE_HUB_CACHE"))
        .orElseGet(() -> hfHome().resolve("hub"));
  }

  private Path hfHome() {
    return folder("HF_HOME")
        .orElseGet(() ->
            folder("XDG_CACHE_HOME")
                .orElseGet(() -> home.resolve(".cache"))
                .resolve("huggingface"));
  }

  private Optional<String> token() {
    if (isTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
      return Optional.empty();
    }
    return get("HF_TOKEN")
        .or(() -> get("HUGGING_FACE_HUB_TOKEN"))
        .or(this::tokenOfFile)
        .map(String::strip)
        .filter(token -> !token.isEmpty());
  }

  /** A file that cannot be read is no token: most models need none, and the others say so. */
  private Optional<String> tokenOfFile() {
    Path file = folder("HF_TOKEN_PATH").orElseGet(() -> hfHome().resolve("token"));
    try {
      return Files.isRegularFile(file) ? Optional.of(Files.readString(file)) : Optional.empty();
    } catch (MalformedInputException e) {
      throw new IllegalArgumentException(
          file + ": found bytes that are no text, expected a token", e);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private Optional<Path> folder(String name) {
    return get(name).map(this::expand).map(Path::of);
  }

  /** Home and variables, where no shell has done it. */
  private String expand(String path) {
    String expanded = path.equals("~") || path.startsWith("~/") ? home + path.substring(1) : path;
    return VARIABLE
        .matcher(expanded)
        .replaceAll(match -> {
          String name = match.group(1) == null ? match.group(2) : match.group(1);
          return Matcher.quoteReplacement(variables.getOrDefault(name, match.group()));
        });
  }

  private boolean isTrue(String name) {
    return get(name).filter(value -> TRUE.contains(value.toUpperCase(Locale.ROOT))).isPresent();
  }

  private Optional<String> get(String name) {
    return Optional.ofNullable(variables.get(name)).filter(value -> !value.isBlank());
  }
}
