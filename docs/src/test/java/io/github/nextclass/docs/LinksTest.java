package io.github.nextclass.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every relative link leads to a file that is there, and to a heading in it. */
class LinksTest {
  private static final Pattern LINK =
      Pattern.compile("\\]\\(([^)\\s]+)\\)|(?:src|srcset|href)=\"([^\"]+)\"");
  private static final Pattern HEADING = Pattern.compile("#{1,6} (.*)");
  private static final Pattern CODE = Pattern.compile("`[^`]*`");

  @TestFactory
  Stream<DynamicTest> linksLeadSomewhere() throws IOException {
    return Page.all().stream()
        .map(file -> DynamicTest.dynamicTest(file.toString(), () -> check(file)));
  }

  private static void check(Path file) throws IOException {
    List<String> broken = new ArrayList<>();
    for (String line : Page.read(file).prose()) {
      LINK.matcher(CODE.matcher(line).replaceAll("`"))
          .results()
          .map(link -> link.group(1) == null ? link.group(2) : link.group(1))
          .filter(link -> !link.matches("(https?|mailto):.*"))
          .filter(link -> !resolves(file, link))
          .forEach(broken::add);
    }
    assertThat(broken).as("links of %s that lead nowhere", file).isEmpty();
  }

  private static boolean resolves(Path page, String link) {
    String[] parts = link.split("#", 2);
    Path folder = page.toAbsolutePath().getParent();
    try {
      Path target = parts[0].isEmpty() ? page : folder.resolve(parts[0]).normalize();
      // A file system that ignores case would let pass what GitHub does not.
      boolean there = target.toRealPath().endsWith(target.getFileName());
      return there && (parts.length == 1 || slugs(target).contains(parts[1]));
    } catch (IOException e) {
      return false;
    }
  }

  /** The anchors that GitHub gives to headings. */
  private static List<String> slugs(Path page) throws IOException {
    if (Files.isDirectory(page)) {
      return List.of();
    }
    return Page.read(page).prose().stream()
        .flatMap(line -> HEADING.matcher(line).results().map((MatchResult m) -> m.group(1)))
        .map(heading ->
            heading.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'))
        .toList();
  }
}
