package io.github.nextclass.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nextclass.docs.Page.Fence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Pages show code from tested sources, and what it prints. {@code docs/write} brings the blocks of
 * all pages up to date.
 */
class PagesTest {
  /** What a page may show without a source: drawings, equations, file layouts. */
  private static final Set<String> FREE = Set.of("");

  private static final boolean WRITE = Boolean.getBoolean("docs.write");

  @BeforeAll
  static void fillTheHubCache() throws IOException {
    HubCacheOfSamples.fill();
  }

  @TestFactory
  Stream<DynamicTest> everySampleRuns() throws IOException, ClassNotFoundException {
    return Samples.all().stream()
        .map(sample -> DynamicTest.dynamicTest(sample, () -> Samples.printed(sample)));
  }

  @TestFactory
  Stream<DynamicTest> everyBlockIsWhatItsSourceSays() throws IOException {
    Sources sources = new Sources();
    return Page.all().stream()
        .map(file -> DynamicTest.dynamicTest(file.toString(), () -> check(file, sources)));
  }

  private static void check(Path file, Sources sources)
      throws IOException, ReflectiveOperationException {
    Page page = Page.read(file);
    List<String> rewritten = new ArrayList<>(page.lines());
    for (Fence fence : page.fences().reversed()) {
      List<String> expected = expected(page, fence, sources);
      if (!WRITE) {
        assertThat(fence.content())
            .as("%s: run docs/write, and look at what changed", page.at(fence))
            .isEqualTo(expected);
      }
      List<String> content = rewritten.subList(fence.from(), fence.to());
      content.clear();
      content.addAll(expected);
    }
    if (WRITE && !rewritten.equals(page.lines())) {
      Files.write(file, rewritten);
    }
  }

  private static List<String> expected(Page page, Fence fence, Sources sources)
      throws IOException, ReflectiveOperationException {
    if ("include".equals(fence.kind())) {
      return sources.included(fence.source());
    }
    if ("output".equals(fence.kind())) {
      return trimmed(Samples.printed(fence.source()).lines());
    }
    switch (fence.language()) {
      case "sh" -> checkCommands(page, fence.content());
      case "console" -> {
        return transcript(fence);
      }
      case "jshell" -> {
        return JShellTool.transcript(fence.content());
      }
      default ->
          assertThat(FREE)
              .as(
                  "%s: a block of %s needs <!-- include File#region --> above it",
                  page.at(fence), fence.language())
              .contains(fence.language());
    }
    return fence.content();
  }

  /** Commands of the launcher are parsed, scripts must be there. */
  private static void checkCommands(Page page, List<String> lines) {
    for (String line : lines) {
      String command = line.strip().replaceFirst("^([A-Z_]+=\\S* )+", "");
      if (Shell.isOurs(command)) {
        Shell.check(command);
      }
      for (String word : command.split(" ")) {
        if (word.matches("(scripts|docs|examples|\\.ci)/\\S+")) {
          assertThat(Path.of(word)).as(page.file().toString()).exists();
        }
      }
    }
  }

  /** Runs each line that begins with a prompt. */
  private static List<String> transcript(Fence fence) {
    List<String> lines = new ArrayList<>();
    for (String line : fence.content()) {
      if (line.startsWith("$ ")) {
        lines.add(line);
        lines.addAll(trimmed(Shell.run(line.substring(2)).lines()));
      }
    }
    return lines;
  }

  /** Without white space at the ends of lines, and without empty lines at the end. */
  private static List<String> trimmed(Stream<String> lines) {
    return Arrays.asList(
        lines
            .map(String::stripTrailing)
            .reduce((a, b) -> a + "\n" + b)
            .orElse("")
            .stripTrailing()
            .split("\n"));
  }

  @TestFactory
  Stream<DynamicTest> commandsInIndentedBlocksExist() throws IOException {
    return Page.all().stream()
        .map(file ->
            DynamicTest.dynamicTest(
                file.toString(),
                () -> {
                  Page page = Page.read(file);
                  checkCommands(
                      page, page.prose().stream().filter(line -> line.startsWith("    ")).toList());
                }));
  }
}
