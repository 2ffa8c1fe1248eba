package io.github.nextclass.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code generate --choice, --regex, --json-schema}. */
class StructureOptionsTest {
  private static final String MODEL = Cli.STORYTELLER.toString();

  @TempDir Path folder;

  @Test
  void theAnswerIsOneOfTheChoices() {
    Cli cli = Cli.run("generate", "-m", MODEL, "Is the sky blue?", "--choice", "yes,no");
    assertThat(cli.err()).isEmpty();
    assertThat(cli.out().strip()).isIn("yes", "no");
  }

  @Test
  void theAnswerMatchesTheRegularExpression() {
    Cli cli =
        Cli.run(
            "generate",
            "-m",
            MODEL,
            "--chat",
            "What is the date?",
            "--regex",
            "\\d{4}-\\d{2}-\\d{2}");
    assertThat(cli.err()).isEmpty();
    assertThat(cli.out().strip()).matches("\\d{4}-\\d{2}-\\d{2}");
  }

  @Test
  void theAnswerSatisfiesTheSchema() throws IOException {
    Path schema =
        Files.writeString(
            folder.resolve("schema.json"),
            "{\"type\": \"object\", \"properties\": {\"ok\": {\"type\": \"boolean\"}}, \"required\": [\"ok\"]}");
    Cli cli = Cli.run("generate", "-m", MODEL, "Well?", "--json-schema", schema.toString());
    assertThat(cli.err()).isEmpty();
    assertThat(cli.out().strip()).matches("\\{\"ok\": ?(true|false)}");
  }

  @Test
  void saysWhatIsWrong() {
    Cli both = Cli.run("generate", "-m", MODEL, "x", "--choice", "a", "--regex", "b");
    assertThat(both.status()).isEqualTo(2);
    assertThat(both.err()).contains("mutually exclusive");

    Cli thinking =
        Cli.run("generate", "-m", MODEL, "x", "--chat", "--thinking", "on", "--choice", "a");
    assertThat(thinking.status()).isEqualTo(2);
    assertThat(thinking.err()).contains("--thinking on excludes");

    Cli lookahead = Cli.run("generate", "-m", MODEL, "x", "--regex", "(?=a)");
    assertThat(lookahead.status()).isEqualTo(1);
    assertThat(lookahead.err()).contains("index 0: lookahead");

    Cli missing = Cli.run("generate", "-m", MODEL, "x", "--json-schema", "nowhere.json");
    assertThat(missing.status()).isEqualTo(1);
    assertThat(missing.err()).contains("nowhere.json: no such file");
  }
}
