package io.github.nextclass.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Texts to ask about: arguments, or lines of a file. */
final class TextOptions {
  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Parameters(arity = "0..*", paramLabel = "TEXT", description = "The texts.")
  private List<String> texts = new ArrayList<>();

  @Option(
      names = "--file",
      paramLabel = "FILE",
      description =
          "Read the texts from a file, one a line, empty lines left out; '-' is standard input.")
  private @Nullable Path file;

  /** All texts; lines without a character are left out. */
  List<String> texts() throws IOException {
    if (texts.isEmpty() == (file == null)) {
      throw new ParameterException(spec.commandLine(), "one of TEXT and --file is expected");
    }
    return file == null
        ? texts
        : CliCommand.read(file).lines().filter(line -> !line.isBlank()).toList();
  }
}
