package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Session;
import io.github.nextclass.tokenizer.ChatOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The Java samples of the README, run on the shipped model; each stands here word for word. */
class ReadmeSamplesTest {
  private static final Path ROOT = Path.of("..");
  private static final Path MODEL = ROOT.resolve("models/storyteller");

  private final StringBuilder printed = new StringBuilder();

  private void print(Object text) {
    printed.append(text);
  }

  @Test
  void generates() throws IOException {
    Path folder = MODEL;
    // sample
    try (var model = LanguageModel.load(folder)) {
      Decoding decoding = model.defaultDecoding().seed(7).maxNewTokens(80);
      model.generate("Once upon a time", decoding, text -> print(text));
    }
    // end
    assertThat(printed.toString().split("\\s+")).hasSizeGreaterThan(20);
  }

  @Test
  void showsEachStepAsAClassification() throws IOException {
    Path folder = MODEL;
    // sample
    try (var model = LanguageModel.load(folder)) {
      for (Prediction p :
          model.predictions("Once upon a", Decoding.greedy().maxNewTokens(3).topClasses(2))) {
        for (ClassScore c : p.top()) {
          print(String.format("%-12s %.3f  ", model.decode(c.tokenId()), c.probability()));
        }
        print("\n");
      }
    }
    // end
    assertThat(printed.toString().lines()).hasSize(3);
    assertThat(printed.toString()).startsWith(" time");
  }

  @Test
  void chats() throws IOException {
    Path folder = MODEL;
    // sample
    try (var model = LanguageModel.load(folder);
        var chat = model.newChat(ChatOptions.defaults().withEnableThinking(false), List.of())) {
      print(chat.ask("What is the capital of France?").text());
      print(chat.ask("And what color is the sky?").text()); // the first turn is not computed again
    }
    // end
    assertThat(printed.toString()).contains("Paris");
  }

  @Test
  void askTheEngineItself() throws IOException {
    Path folder = MODEL;
    // sample
    try (Engine engine = Engine.load(folder);
        Session session = engine.newSession(128)) {
      float[] logits = session.forward(12, 345, 67); // the score of every class that may come next
      Session other = session.fork(); // shares the KV cache until one of the two writes
      print(logits.length + " classes, " + other.position() + " tokens");
    }
    // end
    assertThat(printed.toString()).endsWith("classes, 3 tokens");
  }

  @Test
  void everySampleOfTheReadmeStandsHere() throws IOException {
    assertSamplesStandIn(ROOT.resolve("README.md"), "ReadmeSamplesTest.java", 3);
  }

  /** The samples of a page stand in a test word for word. */
  static void assertSamplesStandIn(Path page, String test, int atLeast) throws IOException {
    String here =
        squeeze(
            Files.readString(Path.of("src/test/java/io/github/nextclass/sampling").resolve(test)));
    Matcher fences =
        Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(page));
    List<String> samples = new ArrayList<>();
    while (fences.find()) {
      samples.add(fences.group(1));
    }
    assertThat(samples).hasSizeGreaterThanOrEqualTo(atLeast);
    for (String sample : samples) {
      String body =
          sample
              .lines()
              .filter(line -> !line.startsWith("import ") && !line.startsWith("Path folder"))
              .collect(Collectors.joining("\n"));
      assertThat(here).contains(squeeze(body));
    }
  }

  /** The README prints with System.out and breaks lines where it likes. */
  private static String squeeze(String code) {
    return code.replace("System.out.print(", "print(").replaceAll("\\s+", "");
  }
}
