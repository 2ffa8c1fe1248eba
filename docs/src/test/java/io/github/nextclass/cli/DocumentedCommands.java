package io.github.nextclass.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;

/** Runs commands that pages show, in this process. */
public final class DocumentedCommands {
  private DocumentedCommands() {}

  /** What a command prints on standard output. */
  public static String run(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status = Main.run(new PrintWriter(out), new PrintWriter(err), args);
    if (status != 0) {
      throw new AssertionError(String.join(" ", args) + ": " + err);
    }
    return out.toString();
  }

  /** Fails where the command does not exist, or an option of it. */
  public static void check(String... args) {
    String[] withHelp = Arrays.copyOf(args, args.length + 1);
    withHelp[args.length] = "--help";
    run(withHelp);
  }
}
