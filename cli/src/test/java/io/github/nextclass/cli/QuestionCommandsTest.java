package io.github.nextclass.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** classify, score, embed and rerank, on the shipped model. */
class QuestionCommandsTest {
  private static final String MODEL = Cli.STORYTELLER.toString();
  private static final String GOOD = "What a great hotel! The view was wonderful.";
  private static final String BAD = "The soup was cold and the waiter was rude.";

  @TempDir Path folder;

  private static Cli run(String... args) {
    return Cli.run(
        Stream.concat(Arrays.stream(args), Stream.of("-m", MODEL)).toArray(String[]::new));
  }

  @Test
  void classifiesIntoGivenLabels() {
    Cli cli = run("classify", "--labels", "positive,negative", GOOD, BAD);
    assertThat(cli.err()).isEmpty();
    assertThat(cli.status()).isZero();
    List<String> lines = cli.out().lines().toList();
    assertThat(lines).hasSize(2);
    assertThat(lines.get(0)).matches("positive\tpositive 0\\.\\d{4}  negative 0\\.\\d{4}");
    assertThat(lines.get(1)).matches("negative\tnegative 0\\.\\d{4}  positive 0\\.\\d{4}");
  }

  @Test
  void classifiesLinesWithTemplateAndExamples() throws IOException {
    Path texts = Files.writeString(folder.resolve("texts"), GOOD + "\n\n" + BAD + "\n");
    Path examples =
        Files.writeString(
            folder.resolve("examples"), "{\"text\": \"I loved it.\", \"label\": \"positive\"}\n");
    Cli cli =
        run(
            "classify",
            "--labels",
            "positive,negative",
            "--template",
            "Review: {text}\\nSentiment: {answer}",
            "--examples",
            examples.toString(),
            "--json",
            "--file",
            texts.toString());
    assertThat(cli.out().lines())
        .satisfiesExactly(
            line -> assertThat(line).startsWith("{\"label\":\"positive\",\"labels\":[{"),
            line -> assertThat(line).startsWith("{\"label\":\"negative\",\"labels\":[{"));
    assertThat(
            Cli.runWithInput(
                    BAD, "classify", "--labels", "positive,negative", "--file", "-", "-m", MODEL)
                .out())
        .startsWith("negative\t");
  }

  @Test
  void classifiesWithATrainedHead() throws IOException {
    Path head = Cli.ROOT.resolve("models/storyteller-sentiment");
    for (String name :
        List.of("config.json", "score.safetensors", "model.safetensors.index.json")) {
      Files.copy(head.resolve(name), folder.resolve(name));
    }
    Files.copy(Cli.STORYTELLER.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    Files.copy(Cli.STORYTELLER.resolve("model.safetensors"), folder.resolve("body.safetensors"));
    Cli cli = Cli.run("classify", "-m", folder.toString(), GOOD, BAD);
    assertThat(cli.err()).isEmpty();
    assertThat(cli.out()).matches("(?s)positive\t.*\nnegative\t.*\n");
  }

  @Test
  void scoresTexts() {
    Cli cli = run("score", "Once upon a time", "Time a upon once");
    List<double[]> lines =
        cli.out()
            .lines()
            .map(line -> Stream.of(line.split("\t")).mapToDouble(Double::parseDouble).toArray())
            .toList();
    assertThat(lines).hasSize(2);
    assertThat(lines.get(0)[2]).as("perplexity").isLessThan(lines.get(1)[2]);
    assertThat(run("score", "--prefix", "Once upon a", " time", "--json").out())
        .contains("\"tokens\":[{\"position\":", "\"text\":\" time\"", "\"perplexity\":1.");
  }

  @Test
  void embedsTexts() {
    Cli cli = run("embed", "--dimension", "5", GOOD, BAD);
    assertThat(cli.out().lines()).hasSize(2).allMatch(line -> line.split(" ").length == 5);
    assertThat(run("embed", GOOD, "--json").out()).startsWith("{\"embedding\":[").endsWith("]}\n");
    assertThat(run("embed", GOOD, "--query").out()).isNotEqualTo(run("embed", GOOD).out());
  }

  @Test
  void ranksDocuments() {
    Cli cli = run("rerank", "--query", "What was cold?", GOOD, BAD);
    assertThat(cli.out().lines()).hasSize(2).allMatch(line -> line.matches("[01]\\.\\d{4}\t.+"));
    assertThat(run("rerank", "--query", "What?", GOOD, "--json").out())
        .startsWith("{\"index\":0,\"score\":");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1 | the label a is there twice   | classify --labels a,a text",
        "1 | has no score head            | classify text",
        "1 | dimension is 193             | embed --dimension 193 text",
        "1 | expected two or more         | score a",
        "2 | one of TEXT and --file       | classify --labels a,b",
        "2 | need --labels                | classify --multi-label text",
        "2 | {answer} once                | classify --labels a,b --template {text} text",
        "2 | --task needs --query         | embed --task t text",
        "2 | '--query=TEXT'               | rerank text",
        "2 | one of TEXT and --file       | score a --file b"
      })
  void mistakesAreNamed(int status, String message, String command) {
    Cli cli = run(command.split(" "));
    assertThat(cli.err()).startsWith("nextclass: ").contains(message);
    assertThat(cli.out()).isEmpty();
    assertThat(cli.status()).isEqualTo(status);
  }
}
