package io.github.nextclass.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A page of the documentation and the fenced blocks in it. */
record Page(Path file, List<String> lines, List<Fence> fences) {
  private static final Pattern OPENING = Pattern.compile("```([\\w-]*)");
  private static final Pattern DIRECTIVE =
      Pattern.compile("<!-- (include|output) (\\S+#\\S+|\\S+) -->");

  /**
   * What stands between two fences.
   *
   * @param kind {@code include} or {@code output} where the comment above the fence says so
   * @param source what is included, or what printed it
   * @param from the first line of the content, from 0
   * @param to the line of the closing fence
   */
  record Fence(
      String language,
      @Nullable String kind,
      @Nullable String source,
      int from,
      int to,
      List<String> content) {}

  /** README.md, CONTRIBUTING.md, the cards of the models, and all of docs and examples. */
  static List<Path> all() throws IOException {
    List<Path> pages = new ArrayList<>(List.of(Path.of("README.md"), Path.of("CONTRIBUTING.md")));
    for (String folder : List.of("docs", "examples", "models")) {
      try (Stream<Path> files = Files.walk(Path.of(folder))) {
        files
            .filter(file -> file.toString().endsWith(".md"))
            .filter(file -> !file.toString().contains("/target/"))
            .sorted()
            .forEach(pages::add);
      }
    }
    return pages;
  }

  static Page read(Path file) throws IOException {
    List<String> lines = Files.readAllLines(file);
    List<Fence> fences = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      Matcher opening = OPENING.matcher(lines.get(i));
      if (opening.matches()) {
        int end = i + 1;
        while (!lines.get(end).equals("```")) {
          end++;
        }
        Matcher directive = DIRECTIVE.matcher(i == 0 ? "" : lines.get(i - 1));
        boolean directed = directive.matches();
        fences.add(
            new Fence(
                opening.group(1),
                directed ? directive.group(1) : null,
                directed ? directive.group(2) : null,
                i + 1,
                end,
                List.copyOf(lines.subList(i + 1, end))));
        i = end;
      }
    }
    return new Page(file, lines, fences);
  }

  /** Says where a block is. */
  String at(Fence fence) {
    return file + ":" + fence.from();
  }

  /** The lines outside of fences. */
  List<String> prose() {
    List<String> prose = new ArrayList<>(lines);
    for (Fence fence : fences.reversed()) {
      prose.subList(fence.from() - 1, fence.to() + 1).clear();
    }
    return prose;
  }
}
