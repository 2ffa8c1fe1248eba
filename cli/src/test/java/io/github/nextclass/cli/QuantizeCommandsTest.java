package io.github.nextclass.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** quantize, quality, and --weights, on the shipped model. */
class QuantizeCommandsTest {
  private static final String MODEL = Cli.STORYTELLER.toString();
  private static final String[] STORY = {
    "generate", "--greedy", "--max-new-tokens", "40", "Once upon a time", "-m"
  };

  @TempDir Path folder;

  private static Cli story(String... model) {
    String[] args = new String[STORY.length + model.length];
    System.arraycopy(STORY, 0, args, 0, STORY.length);
    System.arraycopy(model, 0, args, STORY.length, model.length);
    return Cli.run(args);
  }

  @Test
  void whatIsWrittenTellsTheStoryThatQuantisingWhileLoadingTells() {
    Path target = folder.resolve("small");
    Cli cli = Cli.run("quantize", "-m", MODEL, "--weights", "q4", "--out", target.toString());
    assertThat(cli.err()).isEmpty();
    assertThat(cli.status()).isZero();
    Cli written = story(target.toString());
    assertThat(written.status()).isZero();
    assertThat(written.out()).isNotBlank().isEqualTo(story(MODEL, "--weights", "q4").out());
    assertThat(Cli.run("inspect", "-m", target.toString()).out())
        .contains("q4 (4 bits, blocks of 32)");
  }

  @Test
  void quantizeNeedsAFormatAndAnEmptyFolder() throws IOException {
    Cli cli = Cli.run("quantize", "-m", MODEL, "--out", folder.resolve("x").toString());
    assertThat(cli.status()).isEqualTo(2);
    assertThat(cli.err()).contains("--weights is missing, expected q8 or q4");
    Files.writeString(folder.resolve("mine"), "");
    cli = Cli.run("quantize", "-m", MODEL, "--weights", "q8", "--out", folder.toString());
    assertThat(cli.status()).isNotZero();
    assertThat(cli.err()).contains("is not empty, expected a new folder");
  }

  @Test
  void qualityTellsHowFarTheDistributionsAre() throws IOException {
    Path text =
        Files.writeString(
            folder.resolve("text"),
            "Once upon a time, there was a little girl named Lily. She loved to watch the clouds. ");
    Cli cli = Cli.run("quality", "-m", MODEL, "--text", text.toString());
    assertThat(cli.err()).isEmpty();
    assertThat(cli.out()).containsPattern("KL divergence, mean +0\\.000000 nats");
    assertThat(cli.out()).containsPattern("same best token +100\\.00 %");
    double q8 = divergence("--weights", "q8", text);
    double q4 = divergence("--weights", "q4", text);
    assertThat(q8).isBetween(1e-7, 0.005);
    assertThat(q4).isBetween(2 * q8, 0.2);
    assertThat(divergence("--kv-cache", "bf16", text)).isBetween(1e-9, 0.001);
    assertThat(divergence("--kv-cache", "q8", text)).isBetween(1e-9, 0.001);
  }

  private static double divergence(String option, String value, Path text) {
    Cli cli = Cli.run("quality", "-m", MODEL, option, value, "--text", text.toString(), "--json");
    assertThat(cli.status()).isZero();
    return Double.parseDouble(cli.out().replaceAll("(?s).*\"kl_mean\":([-+.0-9eE]+).*", "$1"));
  }

  @Test
  void twoPositionsByHand() {
    Comparison comparison = new Comparison();
    float log3 = (float) Math.log(3);
    comparison.add(new float[] {0, 0}, new float[] {log3, 0}, 1); // 1/2 1/2 from 3/4 1/4
    comparison.add(new float[] {5, 5}, new float[] {1, 1}, 0);
    double divergence = 0.75 * Math.log(1.5) + 0.25 * Math.log(0.5);
    Offset<Double> near = Offset.offset(1e-6);
    assertThat(comparison.positions()).isEqualTo(2);
    assertThat(comparison.meanDivergence()).isEqualTo(divergence / 2, near);
    assertThat(comparison.divergenceBelow(0.99)).isEqualTo(divergence, near);
    assertThat(comparison.perplexity()).isEqualTo(2, near);
    assertThat(comparison.otherPerplexity()).isEqualTo(Math.sqrt(8), near);
    assertThat(comparison.agreement()).isEqualTo(1, near);
  }
}
