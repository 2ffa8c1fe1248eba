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

  private JShellTool() {}

  /**
   * The transcript that the lines typed in a block give. The tool echoes what it reads, or not, and
   * early or late; so a mark is printed behind each line, and echoes are taken out.
   */
  static List<String> transcript(List<String> block) {
    List<String> typed =
        block.stream().filter(l -> l.startsWith(PROMPT)).map(l -> l.substring(8)).toList();
    String mark = "System.out.println(\"<<\" + \">>\")";
    String shown = run(String.join("\n" + mark + "\n", typed) + "\n" + mark + "\n");
    String[] parts = shown.replace("\r", "").split("<<>>");
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < typed.size(); i++) {
      lines.add(PROMPT + typed.get(i));
      String part = i == 0 ? parts[0].replaceAll("(?m)^\\|  .*", "") : parts[i];
      part = part.replace(mark, "").replace(PROMPT, "");
      for (String line : typed) {
        part = part.replace(line, "");
      }
      part.lines().filter(line -> !line.isBlank()).map(String::stripTrailing).forEach(lines::add);
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
