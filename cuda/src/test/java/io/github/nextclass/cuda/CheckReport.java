package io.github.nextclass.cuda;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a {@link CudaCheck} found, as {@code cuda.json} and {@code cuda.md}; written after each
 * part.
 */
final class CheckReport {
  private final Path folder;
  private final PrintWriter log;
  private final Map<String, String> facts = new LinkedHashMap<>();
  private final Map<String, String> parts = new LinkedHashMap<>();
  private final List<Figure> figures = new ArrayList<>();
  private final Map<String, Integer> goals = new LinkedHashMap<>();

  private record Figure(String what, String unit, double median, double least, double most) {}

  CheckReport(Path folder, PrintWriter log) {
    this.folder = folder;
    this.log = log;
  }

  void fact(String name, String value) {
    log.println(name + ": " + value);
    facts.put(name, value);
  }

  void figure(String what, String unit, double median, double least, double most) {
    log.printf(Locale.ROOT, "%-64s %12.1f %s%n", what, median, unit);
    figures.add(new Figure(what, unit, median, least, most));
  }

  /** What a figure should reach on one H200. */
  void goal(String figure, int value) {
    goals.put(figure, value);
  }

  /** How a part of the check ended. */
  void part(String name, String outcome) throws IOException {
    log.println("-- " + name + ": " + outcome);
    parts.put(name, outcome);
    Files.writeString(folder.resolve("cuda.md"), markdown());
    Files.writeString(folder.resolve("cuda.json"), json());
  }

  boolean allPassed() {
    return parts.values().stream().allMatch(outcome -> outcome.startsWith("passed"));
  }

  private String markdown() {
    StringBuilder text = new StringBuilder();
    facts.forEach((name, value) -> text.append("- " + name + ": " + value + "\n"));
    text.append("\n| part | outcome |\n|---|---|\n");
    parts.forEach((name, outcome) ->
        text.append("| " + name + " | " + outcome.replace('\n', ' ').replace('|', '/') + " |\n"));
    if (!goals.isEmpty()) {
      text.append(
          "\n| goal on one H200 | tokens/s | measured | of the goal |\n|---|---:|---:|---:|\n");
      goals.forEach((figure, goal) -> text.append(reached(figure, goal)));
    }
    text.append("\n| what | unit | median | least | most |\n|---|---|---:|---:|---:|\n");
    for (Figure f : figures) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %.1f | %.1f | %.1f |%n",
              f.what(),
              f.unit(),
              f.median(),
              f.least(),
              f.most()));
    }
    return text.toString();
  }

  private String reached(String figure, int goal) {
    return figures.stream()
        .filter(f -> f.what().equals(figure))
        .findFirst()
        .map(f ->
            String.format(
                Locale.ROOT,
                "| %s | %,d | %,.0f | %.0f %% |%n",
                figure,
                goal,
                f.median(),
                100 * f.median() / goal))
        .orElse(String.format(Locale.ROOT, "| %s | %,d | not measured | |%n", figure, goal));
  }

  private String json() {
    String listed =
        figures.stream()
            .map(f ->
                String.format(
                    Locale.ROOT,
                    "{\"what\": %s, \"unit\": %s, \"median\": %.2f, \"least\": %.2f, \"most\":"
                        + " %.2f}",
                    quoted(f.what()),
                    quoted(f.unit()),
                    f.median(),
                    f.least(),
                    f.most()))
            .collect(Collectors.joining(",\n    "));
    return "{\n  \"facts\": {"
        + json(facts)
        + "},\n  \"parts\": {"
        + json(parts)
        + "},\n  \"figures\": [\n    "
        + listed
        + "\n  ]\n}\n";
  }

  private static String json(Map<String, String> map) {
    return map.entrySet().stream()
        .map(entry -> "\n    " + quoted(entry.getKey()) + ": " + quoted(entry.getValue()))
        .collect(Collectors.joining(","));
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> quoted.append('\\').append(c);
        case '\n' -> quoted.append("\\n");
        default -> quoted.append(c < ' ' ? ' ' : c);
      }
    }
    return quoted.append('"').toString();
  }
}
