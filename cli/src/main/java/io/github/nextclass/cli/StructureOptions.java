package io.github.nextclass.cli;

import io.github.nextclass.sampling.Decoding;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** What the answer must be. */
final class StructureOptions {
  @ArgGroup(exclusive = true)
  private @Nullable One one;

  private static final class One {
    @Option(
        names = "--choice",
        split = ",",
        paramLabel = "TEXT",
        description = "The answer is one of these texts.")
    private String @Nullable [] choice;

    @Option(
        names = "--regex",
        paramLabel = "R",
        description = "The answer matches this regular expression as a whole.")
    private @Nullable String regex;

    @Option(
        names = "--json-schema",
        paramLabel = "FILE",
        description = "The answer is JSON that satisfies this schema.")
    private @Nullable Path jsonSchema;
  }

  boolean isGiven() {
    return one != null;
  }

  /** Adds the constraint that is given on the command line, if one is. */
  Decoding applyTo(Decoding decoding) throws IOException {
    if (one == null) {
      return decoding;
    }
    if (one.choice != null) {
      return decoding.choice(one.choice);
    }
    if (one.regex != null) {
      return decoding.regex(one.regex);
    }
    return one.jsonSchema == null ? decoding : decoding.jsonSchema(CliCommand.read(one.jsonSchema));
  }
}
