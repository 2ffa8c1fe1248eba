package io.github.nextclass.docs;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What pages include: {@code File.java#name} is a region {@code // @start region=name} to {@code //
 * @end}, or else the method, class or record of that name. A file is given by its path from the
 * root; a Java file by its name alone where only one has it.
 */
final class Sources {
  private static final Set<String> SKIPPED = Set.of("target", ".git", "resources");
  private static final Pattern START = Pattern.compile(".*@start region=\"?(\\w+)\"?.*");
  private static final Pattern END = Pattern.compile(".*@end\\b.*");

  private final Map<String, List<Path>> javaFiles = new HashMap<>();

  Sources() throws IOException {
    Files.walkFileTree(
        Path.of(""),
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return SKIPPED.contains(folder.getFileName().toString())
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            String name = file.getFileName().toString();
            if (name.endsWith(".java")) {
              javaFiles.computeIfAbsent(name, n -> new ArrayList<>()).add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** The lines that a page includes, without their common indentation. */
  List<String> included(String source) throws IOException {
    String[] parts = source.split("#", 2);
    List<String> lines = Files.readAllLines(file(parts[0]));
    if (parts.length == 1) {
      return lines;
    }
    List<String> region = region(lines, parts[1]);
    if (region.isEmpty()) {
      region = declaration(lines, parts[1]);
    }
    if (region.isEmpty()) {
      throw new AssertionError(source + ": no such region, method or type");
    }
    return dedented(withoutBlankEnds(region));
  }

  private Path file(String name) {
    List<Path> found = name.contains("/") ? List.of(Path.of(name)) : javaFiles.get(name);
    if (found == null || !Files.isRegularFile(found.getFirst())) {
      throw new AssertionError(name + ": no such file");
    }
    if (found.size() > 1) {
      throw new AssertionError(name + ": give its path, there are several: " + found);
    }
    return found.getFirst();
  }

  private static List<String> region(List<String> lines, String name) {
    List<String> region = new ArrayList<>();
    boolean inside = false;
    for (String line : lines) {
      var start = START.matcher(line);
      if (start.matches()) {
        inside |= start.group(1).equals(name);
      } else if (inside && END.matcher(line).matches()) {
        return region;
      } else if (inside) {
        region.add(line);
      }
    }
    return List.of();
  }

  /** The formatter closes a declaration at the indentation at which it begins. */
  private static List<String> declaration(List<String> lines, String name) {
    String quoted = Pattern.quote(name);
    Pattern start =
        Pattern.compile(
            "( *)(?!return |new |throw |else |[*/])(?:[\\w@<>\\[\\],.?]+ )*"
                + "(?:(?:class|record|interface|enum) "
                + quoted
                + "\\b.*|[\\w@<>\\[\\],.?]+ "
                + quoted
                + "\\(.*)");
    for (int i = 0; i < lines.size(); i++) {
      var begins = start.matcher(lines.get(i));
      if (begins.matches()) {
        String close = begins.group(1) + "}";
        int end = i;
        while (!lines.get(end).startsWith(close) && !endsAtOnce(lines.get(end))) {
          end++;
        }
        return lines.subList(i, end + 1);
      }
    }
    return List.of();
  }

  private static boolean endsAtOnce(String line) {
    return line.endsWith(") {}") || line.matches("  [^ ].*\\);");
  }

  private static List<String> withoutBlankEnds(List<String> lines) {
    int from = 0;
    int to = lines.size();
    while (from < to && lines.get(from).isBlank()) {
      from++;
    }
    while (to > from && lines.get(to - 1).isBlank()) {
      to--;
    }
    return lines.subList(from, to);
  }

  private static List<String> dedented(List<String> lines) {
    int indent =
        lines.stream()
            .filter(line -> !line.isBlank())
            .mapToInt(line -> line.length() - line.stripLeading().length())
            .min()
            .orElse(0);
    return lines.stream()
        .map(line -> line.isBlank() ? "" : line.substring(indent).stripTrailing())
        .toList();
  }
}
