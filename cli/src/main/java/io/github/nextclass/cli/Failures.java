package io.github.nextclass.cli;

import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Arrays;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** What a user gets to see of an exception: one line. */
final class Failures {
  static final String DEBUG = "--debug";

  private Failures() {}

  static boolean wantsDebug(String... args) {
    return Arrays.asList(args).contains(DEBUG);
  }

  /** Exit status 2. */
  static int wrongUsage(ParameterException e, String... args) {
    CommandLine command = e.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("nextclass: " + oneLine(describe(e)));
    CommandLine.UnmatchedArgumentException.printSuggestions(e, err);
    err.println("try '" + command.getCommandSpec().qualifiedName() + " --help'");
    err.flush();
    return ExitCode.USAGE;
  }

  /** Exit status 1. */
  static int failed(Exception e, CommandLine command, ParseResult parsed) {
    return failed(e, command.getErr(), wantsDebug(parsed.originalArgs().toArray(new String[0])));
  }

  static int failed(Throwable e, PrintWriter err, boolean debug) {
    if (e instanceof ResultStream.ReaderGoneException) {
      return ExitCode.OK; // the reader has all that it wanted
    }
    if (debug) {
      e.printStackTrace(err);
    }
    err.println("nextclass: " + oneLine(describe(e)));
    err.flush();
    return ExitCode.SOFTWARE;
  }

  private static String describe(Throwable e) {
    String message = e.getMessage();
    return switch (e) {
      case NoSuchFileException missing -> missing.getFile() + ": no such file or folder";
      case NotDirectoryException file -> file.getFile() + ": not a folder";
      case AccessDeniedException denied -> denied.getFile() + ": permission denied";
      case FileSystemException file -> String.valueOf(file.getMessage());
      case UncheckedIOException io when io.getCause() != null -> describe(io.getCause());
      case OutOfMemoryError memory ->
          "out of memory (" + message + "); a larger heap: NEXTCLASS_JAVA_OPTS=-Xmx2g";
      default -> message == null || message.isBlank() ? e.toString() : message;
    };
  }

  private static String oneLine(String message) {
    return message.strip().replaceAll("\\R\\s*", " ");
  }
}
