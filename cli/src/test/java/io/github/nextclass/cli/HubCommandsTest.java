package io.github.nextclass.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nextclass.hub.ModelName;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models by name. The cache is one of the tests' own, and the hub does not answer. */
class HubCommandsTest {
  private static final Path CACHE = Path.of(Objects.requireNonNull(System.getenv("HF_HUB_CACHE")));
  private static final String COMMIT = "c1899de289a04d12100db370d81485cdf75e47ca";
  private static final ModelName MODEL = ModelName.parse("acme/tiny");

  /** As Python leaves a model. */
  private static Path cacheModel() throws IOException {
    Path repo = CACHE.resolve("models--acme--tiny");
    Path snapshot = Files.createDirectories(repo.resolve("snapshots").resolve(COMMIT));
    Path blobs = Files.createDirectories(repo.resolve("blobs"));
    Files.createDirectories(repo.resolve("refs"));
    Files.writeString(repo.resolve("refs/main"), COMMIT);
    try (Stream<Path> files = Files.list(Cli.STORYTELLER)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = file.getFileName().toString();
        Files.copy(file, blobs.resolve(name));
        Files.createSymbolicLink(snapshot.resolve(name), Path.of("../../blobs").resolve(name));
      }
    }
    return snapshot;
  }

  @AfterEach
  void empty() {
    Cli.run("rm", MODEL.toString());
  }

  @Test
  void aCachedModelRunsByItsName() throws IOException {
    cacheModel();
    String[] byName = {"generate", "-m", "acme/tiny", "--greedy", "--max-new-tokens", "5", "Once"};
    String[] byFolder = byName.clone();
    byFolder[2] = Cli.STORYTELLER.toString();

    Cli cli = Cli.run(byName);

    assertThat(cli.err()).isEmpty();
    assertThat(cli.status()).isZero();
    assertThat(cli.out()).isEqualTo(Cli.run(byFolder).out()).isNotBlank();
    byName[1] = "--model=acme/tiny";
    byName[2] = "--revision=" + COMMIT;
    assertThat(Cli.run(byName).out()).isEqualTo(cli.out());
  }

  @Test
  void listsAndRemoves() throws IOException {
    assertThat(Cli.run("models").err()).contains("no models in " + CACHE + "; 'nextclass pull");
    cacheModel();

    assertThat(Cli.run("models").out()).matches("acme/tiny +\\d+\\.\\d MiB  main\\R");
    assertThat(Cli.run("models", "--json").out())
        .startsWith("{\"model\":\"acme/tiny\",\"folder\":")
        .contains("\"complete\":true", "\"revisions\":{\"main\":\"" + COMMIT + "\"}");
    assertThat(Cli.run("rm", "acme/tiny").out()).startsWith("removed acme/tiny, ");
    assertThat(CACHE.resolve("models--acme--tiny")).doesNotExist();
    assertThat(Cli.run("rm", "acme/tiny").err()).contains("acme/tiny is not in the cache");
  }

  @Test
  void aModelThatCannotBeHadIsOneLine() {
    Cli cli = Cli.run("generate", "-m", "acme/absent", "Once");

    assertThat(cli.status()).isEqualTo(1);
    assertThat(cli.err())
        .startsWith("nextclass: acme/absent: http://127.0.0.1:9 cannot be reached")
        .contains("check the network", "there is no folder acme/absent either")
        .hasLineCount(1);
    assertThat(Cli.run("pull", "acme/absent").err()).contains("cannot be reached").hasLineCount(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"pull", "rm"})
  void namesAreChecked(String command) {
    Cli cli = Cli.run(command, "Qwen3");

    assertThat(cli.status()).isEqualTo(2);
    assertThat(cli.err()).contains("\"Qwen3\" is no name of a model: expected org/name");
    assertThat(Cli.run(command, "--help").out()).startsWith("Usage: nextclass " + command);
  }

  @Test
  void revisionsAreChecked() {
    assertThat(Cli.run("tokenize", "-m", "acme/tiny", "--revision", "../x", "a").err())
        .contains("revision is \"../x\", expected a branch, a tag or a commit");
  }

  @Test
  void theLineOfADownload() {
    StringWriter err = new StringWriter();
    try (DownloadLine line = new DownloadLine(new PrintWriter(err), true)) {
      line.onProgress(MODEL, 0, 100 << 20, 0);
      line.onProgress(MODEL, 1 << 20, 100 << 20, 100_000_000L);
      line.onProgress(MODEL, 20 << 20, 100 << 20, 2_000_000_000L);
    }

    assertThat(err.toString().split("\r\033\\[K", -1))
        .containsExactly(
            "",
            "downloading acme/tiny: 0 % of 100.0 MiB",
            "downloading acme/tiny: 20 % of 100.0 MiB, 10.0 MiB/s, 0:08 left",
            "");
  }

  @Test
  void noTerminalNoLine() {
    StringWriter err = new StringWriter();
    try (DownloadLine line = new DownloadLine(new PrintWriter(err), false)) {
      line.onProgress(MODEL, 0, 100, 0);
      line.onWait(MODEL, "the hub is busy", java.time.Duration.ofSeconds(1));
    }

    assertThat(err.toString()).isEmpty();
  }
}
