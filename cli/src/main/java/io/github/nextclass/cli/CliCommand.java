package io.github.nextclass.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A subcommand: {@code --help}, and the two streams. */
@Command
abstract class CliCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @SuppressWarnings("unused") // picocli acts on it
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  abstract void run() throws IOException;

  @Override
  public final Integer call() throws IOException {
    run();
    return ExitCode.OK;
  }

  /** What an argument that may be "-" for standard input holds. */
  static String read(Path file) throws IOException {
    return file.toString().equals("-")
        ? Utf8.decode("standard input", System.in.readAllBytes())
        : Utf8.read(file);
  }

  /** Where results go. */
  final PrintWriter out() {
    return spec.commandLine().getOut();
  }

  /** Where everything else goes. */
  final PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** What to throw where the arguments make no sense together. */
  final ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
