package io.github.nextclass.docs;

import io.github.nextclass.cli.DocumentedCommands;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The commands that pages show. */
final class Shell {
  private static final String LAUNCHER = "./nextclass ";
  private static final Pattern WORD = Pattern.compile("(?:[^\\s'\"]|'[^']*'|\"[^\"]*\")+");

  private Shell() {}

  static boolean isOurs(String command) {
    return command.startsWith(LAUNCHER);
  }

  static String run(String command) {
    return DocumentedCommands.run(args(command));
  }

  /** Fails where a command of the launcher does not exist, or one of its options. */
  static void check(String command) {
    DocumentedCommands.check(args(command));
  }

  /** The words up to a comment, a pipe or a redirection, without their quotes. */
  static String[] args(String command) {
    List<String> words = new ArrayList<>();
    Matcher matcher = WORD.matcher(command.substring(LAUNCHER.length()));
    while (matcher.find()) {
      String word = matcher.group();
      if (word.startsWith("#") || word.matches("[|<>&]+")) {
        break;
      }
      words.add(word.replaceAll("['\"]([^'\"]*)['\"]", "$1"));
    }
    return words.toArray(String[]::new);
  }
}
