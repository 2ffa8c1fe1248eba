package io.github.nextclass.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExplainPageTest {
  private static final String MODEL = Cli.golden("gqa-tied-bf16");

  @TempDir Path folder;

  private String page(String... args) throws IOException {
    Path file = folder.resolve("page.html");
    String[] all = new String[args.length + 3];
    all[0] = "explain";
    all[1] = "--html";
    all[2] = file.toString();
    System.arraycopy(args, 0, all, 3, args.length);
    Cli cli = Cli.run(all);
    assertThat(cli.err()).isEmpty();
    assertThat(cli.status()).isZero();
    return Files.readString(file);
  }

  @Test
  void thePageHasEachStepWithItsFiltersReasonAndAttention() throws IOException {
    assumeTrue(Files.isDirectory(Cli.STORYTELLER), Cli.STORYTELLER + " is not there");
    String page =
        page(
            "-m",
            Cli.STORYTELLER.toString(),
            "--steps",
            "3",
            "--temperature",
            "0.7",
            "--top-k",
            "9",
            "--seed",
            "1",
            "--attention",
            "0,2",
            "Once <b>upon</b> a");

    assertThat(page.split("<section")).hasSize(4);
    assertThat(page).contains("temperature 0.7", "top-k 9", "<b>Why:</b> ", "layer 0, head 2");
    assertThat(page).doesNotContain("<b>upon").contains("&lt;", "·a");
  }

  @Test
  void thePageNeedsNothingElse() throws IOException {
    String page = page("-m", MODEL, "--tokens", "1,2,3", "--steps", "2");
    assertThat(page)
        .contains("default-src 'none'", "prefers-color-scheme: dark")
        .doesNotContain("<script", "http://", "https://", "url(", "@import", "<link", "<img");
    assertThat(page).endsWith("</html>\n");
    for (String tag : new String[] {"section", "table", "tr", "td", "div", "p", "span", "a"}) {
      assertThat(page.split("<" + tag + "[ >]", -1).length)
          .as(tag)
          .isEqualTo(page.split("</" + tag + ">", -1).length);
    }
  }

  @Test
  void thePathOfABeamSearchIsDrawn() throws IOException {
    String page = page("-m", MODEL, "--tokens", "1,2,3", "--steps", "4", "--beams", "3");
    assertThat(page).contains("the best of 3 beams", "<svg", "class=\"run best\"");
    assertThat(page.split("<path class=\"best\"", -1).length - 1)
        .as("edges of the result")
        .isEqualTo(page.split("<section", -1).length - 1);
  }

  @Test
  void anUnknownHeadIsRefused() {
    Cli cli =
        Cli.run(
            "explain",
            "-m",
            MODEL,
            "--tokens",
            "1",
            "--attention",
            "9,0",
            "--html",
            folder.resolve("none.html").toString());
    assertThat(cli.status()).isEqualTo(2);
    assertThat(cli.err()).contains("--attention: layer is 9, expected 0 to 1");
  }

  @Test
  void textIsNeverMarkup() {
    assertThat(Html.escape("<a href=\"x\">&'\u0000\ud800</a>"))
        .isEqualTo("&lt;a href=&quot;x&quot;&gt;&amp;&#39;\ufffd\ufffd&lt;/a&gt;");
    assertThat(Html.visible(" a\n\t<")).isEqualTo("·a⏎⇥&lt;");
  }
}
