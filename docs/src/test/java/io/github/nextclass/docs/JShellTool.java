package io.github.nextclass.docs;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import jdk.jshell.tool.JavaShellToolBuilder;

/** Runs transcripts of {@code ./nextclass jshell} in the JDK's own tool. */
final class JShellTool {
  private static final String PROMPT = "jshell> ";
  private static final String CONTINUED = "   ...> ";

  private JShellTool() {}

  /** The transcript that the lines typed in a block give. */
  static List<String> transcript(List<String> block) {
    StringBuilder typed = new StringBuilder();
    for (String line : block) {
      if (line.startsWith(PROMPT) || line.startsWith(CONTINUED)) {
        typed.append(line.substring(PROMPT.length())).append('\n');
      }
    }
    return echoed(block, run(typed.toString()));
  }

  /** The tool may echo what it reads, or not. */
  private static List<String> echoed(List<String> block, String shown) {
    List<String> typed =
        block.stream().filter(l -> l.startsWith(PROMPT) || l.startsWith(CONTINUED)).toList();
    List<String> lines = new ArrayList<>();
    int next = 0;
    for (String line : shown.replace("\r", "").split("\n")) {
      String rest = line;
      while (next < typed.size() && (rest.startsWith(PROMPT) || rest.startsWith(CONTINUED))) {
        String echo = typed.get(next++);
        lines.add(echo);
        rest =
            rest.startsWith(echo) ? rest.substring(echo.length()) : rest.substring(PROMPT.length());
      }
      if (next > 0 && !rest.isBlank() && !rest.strip().equals(PROMPT.strip())) {
        lines.add(rest.stripTrailing());
      }
    }
    return lines;
  }

  private static String run(String input) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    try {
      JavaShellToolBuilder.builder()
          .in(
              new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
              InputStream.nullInputStream())
          .out(print)
          .err(print)
          .persistence(new HashMap<>())
          .env(Map.of())
          .locale(Locale.ROOT)
          .run(
              "--class-path",
              System.getProperty("java.class.path"),
              "-R--add-modules=jdk.incubator.vector",
              "-R-Dnextclass.home=" + System.getProperty("nextclass.home"),
              "--startup",
              "DEFAULT",
              "--startup",
              "cli/src/main/jshell/nextclass.jsh",
              "--feedback",
              "normal");
    } catch (Exception e) {
      throw new AssertionError("jshell failed: " + out.toString(StandardCharsets.UTF_8), e);
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}
