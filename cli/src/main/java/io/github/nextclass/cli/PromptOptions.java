package io.github.nextclass.cli;

import io.github.nextclass.sampling.LanguageModel;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What to continue: a text, or token ids. */
final class PromptOptions {
  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "TEXT",
      description = "The text to start from; '-' reads it from standard input.")
  private @Nullable String text;

  @Option(
      names = "--tokens",
      split = ",",
      paramLabel = "ID",
      description = "Token ids in place of the text: ids in, ids out, no tokenizer needed.")
  private int @Nullable [] tokens;

  boolean isTokens() {
    return tokens != null;
  }

  /** Fails unless there is exactly one of both. */
  void check() {
    if ((text == null) == (tokens == null)) {
      throw new ParameterException(
          spec.commandLine(),
          text == null
              ? "TEXT or --tokens is missing ('-' reads the text from standard input)"
              : "TEXT and --tokens exclude each other");
    }
  }

  String text() throws IOException {
    if (text == null) {
      throw new IllegalStateException("there are tokens instead");
    }
    return text.equals("-") ? CliCommand.read(Path.of(text)) : text;
  }

  int[] tokenIds(LanguageModel model) throws IOException {
    return tokens != null ? tokens : model.encode(text());
  }
}
