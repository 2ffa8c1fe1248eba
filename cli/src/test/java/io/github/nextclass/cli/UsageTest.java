package io.github.nextclass.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Help, exit statuses, and what is said about mistakes. */
class UsageTest {
  private static final String MODEL = Cli.golden("gqa-tied-bf16");

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "generate",
        "chat",
        "explain",
        "classify",
        "score",
        "embed",
        "rerank",
        "tokenize",
        "detokenize",
        "render",
        "logits",
        "inspect",
        "bench",
        "quantize",
        "quality"
      })
  void everyCommandHasHelp(String command) {
    Cli cli = Cli.run(command, "--help");

    assertThat(cli.status()).isZero();
    assertThat(cli.err()).isEmpty();
    assertThat(cli.out()).startsWith("Usage: nextclass " + command).contains("--model", "--help");
    assertThat(Cli.run("--help").out()).contains("\n  " + command + " ");
  }

  @Test
  void versionNamesTheJavaThatRuns() {
    assertThat(Cli.run("--version").out()).contains("nextclass", Runtime.version().toString());
  }

  static Stream<Arguments> wrongUsage() {
    return Stream.of(
        usage("a command is missing"),
        usage("'frobnicate'", "frobnicate"),
        usage("--attention needs --html", "explain", "--tokens", "1", "--attention", "0,0"),
        usage("penaltyAlpha must be in (0, 1], got 2.0", generate("--penalty-alpha", "2")),
        usage("--thinking-budget and --tools need --chat", generate("--thinking-budget", "2")),
        usage("Unknown option: '--frobnicate'", "generate", "x", "--frobnicate"),
        usage("TEXT or --tokens is missing", "generate"),
        usage("exclude each other", "generate", "x", "--tokens", "1"),
        usage("maxNewTokens must be at least 1, got 0", generate("--max-new-tokens", "0")),
        usage("maxNewTokens must be at least 1, got -5", generate("--max-new-tokens", "-5")),
        usage("minNewTokens 5000", generate("--min-new-tokens", "5000")),
        usage("temperature must be", generate("--temperature", "-1")),
        usage("temperature must be", generate("--temperature", "NaN")),
        usage("temperature must be", generate("--temperature", "1e-9")),
        usage("topP must be in (0, 1], got 0.0", generate("--top-p", "0")),
        usage("topP must be in (0, 1], got 1.5", generate("--top-p", "1.5")),
        usage("topK must be", generate("--top-k", "-7")),
        usage("minP must be", generate("--min-p", "2")),
        usage("repetitionPenalty must be", generate("--repetition-penalty", "0")),
        usage("--timeout is 0.0", generate("--timeout", "0")),
        usage("exclude each other", generate("--greedy", "--temperature", "1")),
        usage("typicalP must be in (0, 1], got 2.0", generate("--typical-p", "2")),
        usage("epsilonCutoff must be", generate("--epsilon-cutoff", "1")),
        usage("etaCutoff must be", generate("--eta-cutoff", "-1")),
        usage("topNSigma must be", generate("--top-n-sigma", "0")),
        usage("xtc probability must be", generate("--xtc-probability", "2")),
        usage("dynamicTemperature range must be", generate("--dynatemp-range", "-1")),
        usage("mirostat tau must be", generate("--mirostat-tau", "0")),
        usage("noRepeatNgramSize must be", generate("--no-repeat-ngram-size", "0")),
        usage("dry multiplier must be", generate("--dry-multiplier", "0")),
        usage("numBeams must be 2 to 1024, got 1", generate("--beams", "1")),
        usage("need --beams", generate("--length-penalty", "1")),
        usage("'sometimes'", generate("--beams", "2", "--early-stopping", "sometimes")),
        usage("promptLookup numTokens must be", generate("--prompt-lookup", "0")),
        usage("numReturnSequences must be", generate("-n", "0")),
        usage("is not a long", generate("--seed", "99999999999999999999")),
        usage("stopStrings must not contain an empty string", generate("--stop", "")),
        usage("'x' is not an int", "generate", "--tokens", "1,x"),
        usage("--chat needs TEXT", generate("--chat")),
        usage("need --chat", "generate", "x", "--thinking", "off"),
        usage("threads is 0, expected 1 to 1024", generate("--threads", "0")),
        usage("'q5'", generate("--weights", "q5")),
        usage("'gpu'", generate("--primitives", "gpu")),
        usage("--steps and --top", "explain", "--tokens", "1", "--steps", "0"),
        usage("Missing required option: '--out=FILE'", "logits", "--tokens", "1"),
        usage("--context is 0", "inspect", "--context", "0"),
        usage("-p is 0, expected 1 to 1000000", "bench", "-p", "0"),
        usage("--context is -1, expected 0 to 1000000", "bench", "--context", "-1"),
        usage("--batch is 1025, expected 0 to 1024", "bench", "--batch", "1025"),
        usage("'5B'", "bench", "--shape", "5B"),
        usage("exclude each other", "bench", "--shape", "tiny"),
        usage("one of TEXT and --jsonl is expected", "tokenize"),
        usage("one of ID and --jsonl is expected", "detokenize"),
        usage("--context is -1", "chat", "--context", "-1"));
  }

  private static String[] generate(String... options) {
    return Stream.concat(Stream.of("generate", "--tokens", "1"), Stream.of(options))
        .toArray(String[]::new);
  }

  private static Arguments usage(String message, String... args) {
    return arguments(message, args);
  }

  @ParameterizedTest
  @MethodSource
  void wrongUsage(String message, String[] args) {
    boolean command = args.length > 0 && !args[0].startsWith("frob");
    Cli cli =
        Cli.run(
            command
                ? Stream.concat(Stream.of(args), Stream.of("--model", MODEL)).toArray(String[]::new)
                : args);

    assertThat(cli.err()).startsWith("nextclass: ").contains(message).contains(" --help'");
    assertThat(cli.out()).isEmpty();
    assertThat(cli.status()).isEqualTo(2);
  }

  @Test
  void textsMustBeReadableText() throws IOException {
    Path noText = Files.write(folder.resolve("no.txt"), new byte[] {'a', '\n', (byte) 0xFF});
    Path bom = Files.writeString(folder.resolve("bom.txt"), "\uFEFFone\r\n\r\ntwo\r\n");
    String model = Cli.STORYTELLER.toString();

    assertThat(embed(model, noText).err())
        .isEqualToIgnoringNewLines(
            "nextclass: " + noText + ": expected text in UTF-8, found the byte 0xFF at offset 2");
    assertThat(embed(model, folder).err()).contains(folder + ": expected a file, found a folder");
    assertThat(embed(model, bom).out())
        .isEqualTo(Cli.run("embed", "one", "two", "-m", model).out())
        .hasLineCount(2);
  }

  private static Cli embed(String model, Path file) {
    return Cli.run("embed", "-m", model, "--file", file.toString());
  }

  @Test
  void scoreNamesTheTextThatCannotBeScored() {
    Cli cli = Cli.run("score", "-m", Cli.STORYTELLER.toString(), "Once upon", "O");

    assertThat(cli.err()).contains("text 2 of 2: the text is one token, expected two or more");
    assertThat(cli.status()).isEqualTo(1);
  }

  static Stream<Arguments> failures() {
    return Stream.of(
        arguments("/nowhere: no such file or folder", generateOn("/nowhere", "1")),
        arguments("config.json: not a folder", generateOn(MODEL + "/config.json", "1")),
        arguments("token ids must be 0 to 63, got -1", generateOn(MODEL, "-1")),
        arguments("token ids must be 0 to 63, got 151936", generateOn(MODEL, "1,151936")),
        arguments(
            "numReturnSequences must be at most numBeams, got 3 and 2",
            new String[] {"generate", "--tokens", "1", "-m", MODEL, "--beams", "2", "-n", "3"}),
        arguments(
            "beams and promptLookup",
            new String[] {
              "generate", "--tokens", "1", "-m", MODEL, "--beams", "2", "--prompt-lookup", "3"
            }),
        arguments(
            "contrastive search and sampling",
            new String[] {
              "generate",
              "--tokens",
              "1",
              "-m",
              MODEL,
              "--penalty-alpha",
              "0.6",
              "--temperature",
              "1"
            }),
        arguments("there is no tokenizer", new String[] {"generate", "x", "-m", MODEL}),
        arguments("there is no tokenizer", new String[] {"generate", "x", "-m", MODEL, "--chat"}),
        arguments("tokenizer", new String[] {"tokenize", "x", "-m", MODEL}),
        arguments(
            "/nowhere/logits: no such file or folder",
            new String[] {"logits", "--tokens", "1", "-m", MODEL, "--out", "/nowhere/logits"}));
  }

  private static String[] generateOn(String model, String tokens) {
    return new String[] {"generate", "--model", model, "--tokens=" + tokens, "--greedy"};
  }

  @ParameterizedTest
  @MethodSource
  void failures(String message, String[] args) {
    Cli cli = Cli.run(args);

    assertThat(cli.err()).startsWith("nextclass: ").containsIgnoringCase(message).hasLineCount(1);
    assertThat(cli.out()).isEmpty();
    assertThat(cli.status()).isEqualTo(1);
  }

  @Test
  void aDamagedCheckpointIsOneLineThatNamesTheFile() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"qwen2\"}");

    Cli cli = Cli.run("inspect", "--model", folder.toString());

    assertThat(cli.err())
        .isEqualToIgnoringNewLines(
            "nextclass: "
                + folder.resolve("config.json")
                + ": unsupported model_type qwen2, expected qwen3");
    assertThat(cli.status()).isEqualTo(1);
  }

  @Test
  void aStackTraceIsShownOnRequestOnly() {
    assertThat(Cli.run(generateOn("/nowhere", "1")).err()).doesNotContain("\tat ");
    assertThat(Cli.run("--debug", "inspect", "--model", "/nowhere").err()).contains("\tat ");
  }

  private static final List<String[]> MANY_KINDS_OF_OUTPUT =
      List.of(
          generateOn(MODEL, "1"),
          new String[] {"--version"},
          new String[] {"--help"},
          new String[] {"generate", "--help"});

  @Test
  void aReaderThatHasGoneIsNoFailure() {
    for (String[] args : MANY_KINDS_OF_OUTPUT) {
      Cli cli = runInto("Broken pipe", args);

      assertThat(cli.err()).as("%s", List.of(args)).isEmpty();
      assertThat(cli.status()).isZero();
    }
  }

  @Test
  void aFullDiskIsAFailure() {
    for (String[] args : MANY_KINDS_OF_OUTPUT) {
      Cli cli = runInto("No space left on device", args);

      assertThat(cli.err())
          .as("%s", List.of(args))
          .isEqualToIgnoringNewLines("nextclass: standard output: No space left on device");
      assertThat(cli.status()).isEqualTo(1);
    }
  }

  /** Runs a command whose output ends in an error of the system. */
  private static Cli runInto(String error, String... args) {
    OutputStream failing =
        new FilterOutputStream(OutputStream.nullOutputStream()) {
          @Override
          public void write(byte[] bytes, int offset, int length) throws IOException {
            throw new IOException(error);
          }
        };
    StringWriter err = new StringWriter();
    PrintWriter out =
        new PrintWriter(new OutputStreamWriter(new ResultStream(failing), StandardCharsets.UTF_8));
    int status = Main.run(out, new PrintWriter(err), args);
    return new Cli(status, "", err.toString());
  }
}
