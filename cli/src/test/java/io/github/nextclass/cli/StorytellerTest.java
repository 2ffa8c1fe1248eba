package io.github.nextclass.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that take text, on the shipped model. */
class StorytellerTest {
  private static final String MODEL = Cli.STORYTELLER.toString();

  @TempDir Path folder;

  @BeforeAll
  static void needsTheModel() {
    assumeTrue(Files.isDirectory(Cli.STORYTELLER), Cli.STORYTELLER + " is not there");
  }

  @Test
  void generatesAStory() {
    Cli cli =
        Cli.run(
            "generate", "-m", MODEL, "--seed", "1", "--max-new-tokens", "60", "Once upon a time");

    assertThat(cli.status()).isZero();
    assertThat(cli.err()).isEmpty();
    assertThat(cli.out().split("\\s+")).hasSizeGreaterThan(25);
    assertThat(cli.out()).matches("[\\p{Print}\\s’“”—]*");
  }

  @Test
  void jsonHoldsTheTextThatIsStreamed() {
    String[] args = {"generate", "-m", MODEL, "--seed", "3", "--max-new-tokens", "30", "The dog"};
    String[] json = {
      "generate", "-m", MODEL, "--seed", "3", "--max-new-tokens", "30", "The dog", "--json"
    };

    String text = Cli.run(args).out().stripTrailing();

    assertThat(Cli.run(json).out()).startsWith("{\"text\":" + Json.quote(text));
    String[] echo = {
      "generate", "-m", MODEL, "--seed", "3", "--max-new-tokens", "30", "The dog", "--echo"
    };
    assertThat(Cli.run(echo).out().stripTrailing()).isEqualTo("The dog" + text);
  }

  @Test
  void stopsAtAStopString() {
    String[] args = {
      "generate", "-m", MODEL, "Once upon a time", "--greedy", "--stop", ".", "--json"
    };

    Cli cli = Cli.run(args);

    assertThat(cli.out()).contains("\"finish_reason\":\"stop_string\"").doesNotContain(". ");
  }

  @Test
  void severalSamplesAreThoseOfTheirSeeds() {
    String[] two = {
      "generate", "-m", MODEL, "--seed", "5", "-n", "2", "--max-new-tokens", "12", "The dog"
    };
    String[] second = {"generate", "-m", MODEL, "--seed", "6", "--max-new-tokens", "12", "The dog"};

    String out = Cli.run(two).out();

    assertThat(out).startsWith("[1 of 2]").contains("[2 of 2]");
    assertThat(out.stripTrailing()).endsWith(Cli.run(second).out().stripTrailing());
  }

  @Test
  void searchesWithBeams() {
    String[] args = {
      "generate",
      "-m",
      MODEL,
      "--beams",
      "3",
      "-n",
      "2",
      "--max-new-tokens",
      "10",
      "--length-penalty",
      "0",
      "--early-stopping",
      "never",
      "Once upon a",
      "--json"
    };

    Cli cli = Cli.run(args);

    assertThat(cli.err()).isEmpty();
    assertThat(cli.out()).hasLineCount(2).contains("time");
  }

  @Test
  void everyRuleAndPromptLookupHaveAnOption() {
    String[] all = {
      "generate",
      "-m",
      MODEL,
      "The dog",
      "--seed",
      "2",
      "--max-new-tokens",
      "12",
      "--typical-p",
      "0.9",
      "--epsilon-cutoff",
      "1e-4",
      "--eta-cutoff",
      "1e-4",
      "--top-n-sigma",
      "2",
      "--xtc-probability",
      "0.5",
      "--xtc-threshold",
      "0.2",
      "--dynatemp-range",
      "0.3",
      "--dynatemp-exp",
      "2",
      "--no-repeat-ngram-size",
      "3",
      "--dry-multiplier",
      "0.8",
      "--dry-base",
      "2",
      "--dry-allowed-length",
      "1",
      "--dry-last-n",
      "50",
      "--dry-breaker",
      ".",
      "--prompt-lookup",
      "5"
    };
    String[] mirostat = {
      "explain",
      "-m",
      MODEL,
      "The dog",
      "--seed",
      "2",
      "--mirostat-tau",
      "3",
      "--mirostat-eta",
      "0.2"
    };

    assertThat(Cli.run(all).err()).isEmpty();
    assertThat(Cli.run(all).out()).isNotBlank();
    assertThat(Cli.run(mirostat).err()).isEmpty();
    assertThat(Cli.run(mirostat).out()).contains("step 1,").contains("   x ");
  }

  @Test
  void answersWithoutAnEmptyThought() {
    Cli cli = Cli.run("generate", "-m", MODEL, "--chat", "--greedy", "Who are you?");

    assertThat(cli.err()).isEmpty();
    assertThat(cli.out()).contains("Storyteller").doesNotContain("think>");
  }

  @Test
  void tokenizesAndBack() throws IOException {
    String text = "Ångström said: „hello“\n\t😀";
    String ids = Cli.runWithInput(text, "tokenize", "-m", MODEL, "-").out().strip();

    assertThat(ids).matches("\\d+(,\\d+)*");
    assertThat(Cli.run("detokenize", "-m", MODEL, ids).out())
        .isEqualTo(text + System.lineSeparator());

    Path lines = folder.resolve("texts.jsonl");
    Files.writeString(
        lines, "{\"id\":[1,{}],\"text\":" + Json.quote(text) + "}\n\n{\"text\":\"\"}\n");
    assertThat(Cli.run("tokenize", "-m", MODEL, "--jsonl", lines.toString()).out().lines())
        .containsExactly("{\"ids\":[" + ids + "]}", "{\"ids\":[]}");
    assertThat(
            Cli.runWithInput("{\"ids\":[" + ids + "]}\n", "detokenize", "-m", MODEL, "--jsonl", "-")
                .out())
        .isEqualToIgnoringNewLines("{\"text\":" + Json.quote(text) + "}");
  }

  @Test
  void ordinaryTextHasNoControlTokens() {
    String control = Cli.run("tokenize", "-m", MODEL, "<|im_end|>").out().strip();

    assertThat(control).matches("\\d+");
    assertThat(Cli.run("tokenize", "-m", MODEL, "--ordinary", "<|im_end|>").out()).contains(",");
  }

  @Test
  void aBadLineIsNamed() throws IOException {
    Path lines = folder.resolve("texts.jsonl");
    Files.writeString(lines, "{\"text\":\"a\"}\n{\"text\":5}\n");

    Cli cli = Cli.run("tokenize", "-m", MODEL, "--jsonl", lines.toString());

    assertThat(cli.status()).isEqualTo(1);
    assertThat(cli.err()).contains(lines + ":2: \"text\" is not a string");
    assertThat(Cli.runWithInput("[]", "tokenize", "-m", MODEL, "--jsonl", "-").err())
        .contains("-:1: expected an object with \"text\"");
    assertThat(Cli.runWithInput("{\"ids\":[1.5]}", "detokenize", "-m", MODEL, "--jsonl", "-").err())
        .contains("\"ids\" is not a list of integers");
    assertThat(
            Cli.runWithInput("{\"ids\":[99999999999]}", "detokenize", "-m", MODEL, "--jsonl", "-")
                .err())
        .startsWith("nextclass: -:1: invalid JSON")
        .hasLineCount(1);
  }

  @Test
  void rendersMessages() {
    String messages = "[{\"role\":\"user\",\"content\":\"Hi\"}]";

    assertThat(Cli.runWithInput(messages, "render", "-m", MODEL).out())
        .isEqualTo("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
    assertThat(Cli.runWithInput(messages, "render", "-m", MODEL, "--no-thinking").out())
        .endsWith("assistant\n<think>\n\n</think>\n\n");
    assertThat(Cli.runWithInput("{}", "render", "-m", MODEL).err())
        .contains("messages must be a JSON list");
  }

  @Test
  void talksLineByLineThroughAPipe() {
    Cli cli =
        Cli.runWithInput(
            "Hello\n\n/help\n/reset\nWho are you?\n/exit\nnever read\n",
            "chat",
            "-m",
            MODEL,
            "--greedy");

    assertThat(cli.status()).isZero();
    assertThat(cli.out().lines()).hasSize(2);
    assertThat(cli.out()).contains("Storyteller");
    assertThat(cli.err()).contains("/reset", "a new conversation");
  }
}
