package io.github.nextclass.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands on checkpoints without a tokenizer: ids in, ids out. */
class TokenIdCommandsTest {
  private static final int GREEDY_PROMPT = 5;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"gqa-tied-bf16", "mha-untied-f32", "mqa-f16", "yarn", "sharded"})
  void logitsAreThoseOfTransformers(String name) throws IOException {
    Path file = folder.resolve("logits.safetensors");

    Cli cli =
        Cli.run(
            "logits",
            "--model",
            Cli.golden(name),
            "--tokens",
            tokenIds(name),
            "--out",
            file.toString());

    assertThat(cli).isEqualTo(new Cli(0, "", ""));
    try (TensorSource actual = Safetensors.open(file);
        TensorSource expected = Safetensors.open(expected(name))) {
      Tensor logits = actual.tensor("logits");
      assertThat(logits.shape()).isEqualTo(expected.tensor("logits").shape());
      assertThat(relativeError(logits, expected.tensor("logits"))).isLessThan(1e-5);
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).as("nothing is left behind").containsExactly(file);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"scalar", "vector"})
  void greedyIdsAreThoseOfTransformers(String primitives) throws IOException {
    String name = "gqa-tied-bf16";
    String prompt =
        Stream.of(tokenIds(name).split(",")).limit(GREEDY_PROMPT).collect(Collectors.joining(","));
    String[] args = {
      "generate",
      "--model",
      Cli.golden(name),
      "--tokens",
      prompt,
      "--greedy",
      "--max-new-tokens",
      "64",
      "--primitives",
      primitives
    };

    Cli cli = Cli.run(args);

    assertThat(cli.err()).isEmpty();
    assertThat(cli.out().strip()).isEqualTo(ints(name, "greedy"));
  }

  @Test
  void jsonHasIdsButNoTextWithoutTokenizer() {
    Cli cli =
        Cli.run(
            "generate",
            "-m",
            Cli.golden("gqa-tied-bf16"),
            "--tokens",
            "1,2,3",
            "--seed",
            "7",
            "--temperature",
            "1",
            "--max-new-tokens",
            "4",
            "--json");

    assertThat(cli.err()).isEmpty();
    assertThat(cli.out())
        .matches(
            "\\{\"token_ids\":\\[\\d+,\\d+,\\d+,\\d+],\"finish_reason\":\"length\","
                + "\"prompt_tokens\":3,\"seed\":7,\"timings\":\\{.*}}\\R");
  }

  @Test
  void explainShowsProbabilitiesThatAddUp() {
    Cli cli =
        Cli.run(
            "explain",
            "-m",
            Cli.golden("mqa-f16"),
            "--tokens",
            "1,2,3",
            "--greedy",
            "--steps",
            "2",
            "--top",
            "43");

    assertThat(cli.err()).isEmpty();
    assertThat(cli.out()).contains("step 1, after 3 tokens", "step 2, after 4 tokens");
    double sum =
        cli.out()
            .lines()
            .filter(line -> line.contains(" % "))
            .mapToDouble(line -> Double.parseDouble(line.substring(4, line.indexOf('%'))))
            .sum();
    assertThat(sum).as("percent of both steps, rounded").isCloseTo(200, within(0.5));
  }

  @Test
  void inspectTellsShapeAndMemory() {
    Cli cli = Cli.run("inspect", "-m", Cli.golden("gqa-tied-bf16"), "--context", "10");

    assertThat(cli.err()).isEmpty();
    assertThat(cli.out())
        .contains("num_key_value_heads          2", "KV cache, 10 tokens", "BF16")
        .contains("model.layers.*.mlp.up_proj.weight", "x 2");
  }

  @Test
  void inspectPrintsJson() {
    Cli cli = Cli.run("inspect", "-m", Cli.golden("gqa-tied-bf16"), "--json");

    assertThat(cli.err()).isEmpty();
    assertThat(cli.out())
        .startsWith("{\"model\":")
        .contains("\"num_hidden_layers\":2", "\"kv_bytes_per_token\":", "\"dtype\":\"BF16\"")
        .hasLineCount(1);
  }

  @Test
  void benchMeasuresRandomWeights() {
    Cli cli =
        Cli.run("bench", "--shape", "tiny", "-p", "16", "-n", "2", "--threads", "1", "--json");

    assertThat(cli.status()).isZero();
    assertThat(cli.out()).startsWith("{\"model\":\"tiny (random weights)\"").hasLineCount(1);
    for (String key : new String[] {"prompt_tps", "decode_tps", "load_ms", "first_token_ms"}) {
      assertThat(cli.out()).containsPattern("\"" + key + "\":(?!0[,}.])\\d+");
    }
    assertThat(cli.out())
        .containsPattern("\"read_gbps\":\\d")
        .containsPattern("\"fma_gflops\":\\d")
        .doesNotContain("context_decode_tps", "batch_decode_tps", "start_to_first_token_ms");
  }

  @Test
  void benchMeasuresLongContextAndBatches() {
    String[] command = {
      "bench", "--shape", "tiny", "-p", "4", "-n", "2", "--context", "70", "--batch", "3", "-t", "1"
    };
    Cli person = Cli.run(command);
    String[] withJson = Arrays.copyOf(command, command.length + 1);
    withJson[command.length] = "--json";
    Cli json = Cli.run(withJson);

    assertThat(person.out()).contains("decode after 70 tokens", "decode, 3 sequences");
    assertThat(json.out())
        .containsPattern("\"context\":70,\"context_decode_tps\":(?!0[,}.])\\d+")
        .containsPattern("\"batch\":3,\"batch_decode_tps\":(?!0[,}.])\\d+");
  }

  @Test
  void benchOfAFolderTellsHowLongTheStartTook() {
    Cli cli = Cli.run("bench", "-m", Cli.golden("gqa-tied-bf16"), "-p", "4", "-n", "2", "-t", "1");

    assertThat(cli.out()).contains("process start to that token");
  }

  private static Path expected(String name) {
    return Path.of(Cli.golden(name), "expected.safetensors");
  }

  private static String tokenIds(String name) throws IOException {
    return ints(name, "token_ids");
  }

  private static String ints(String name, String tensorName) throws IOException {
    try (TensorSource source = Safetensors.open(expected(name))) {
      Tensor tensor = source.tensor(tensorName);
      return IntStream.range(0, (int) tensor.elementCount())
          .mapToObj(i -> Long.toString(tensor.longAt(i)))
          .collect(Collectors.joining(","));
    }
  }

  private static double relativeError(Tensor actual, Tensor expected) {
    double difference = 0;
    double norm = 0;
    for (long i = 0; i < expected.elementCount(); i++) {
      difference += Math.pow(actual.floatAt(i) - (double) expected.floatAt(i), 2);
      norm += Math.pow(expected.floatAt(i), 2);
    }
    return Math.sqrt(difference / norm);
  }
}
