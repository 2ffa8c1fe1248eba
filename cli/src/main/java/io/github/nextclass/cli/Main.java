package io.github.nextclass.cli;

import static java.util.Objects.requireNonNull;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The {@code nextclass} command. */
@Command(
    name = "nextclass",
    description = "Qwen3 in pure Java: text generation as repeated sequence classification.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    footer = {"", "'nextclass COMMAND --help' tells what a command takes."})
public final class Main implements Runnable {
  private static final int HELP_WIDTH = 100;

  /** In the order of the help. */
  private static final List<Class<? extends CliCommand>> COMMANDS =
      List.of(
          GenerateCommand.class,
          ChatCommand.class,
          ExplainCommand.class,
          ClassifyCommand.class,
          ScoreCommand.class,
          EmbedCommand.class,
          RerankCommand.class,
          TokenizeCommand.class,
          DetokenizeCommand.class,
          RenderCommand.class,
          LogitsCommand.class,
          InspectCommand.class,
          BenchCommand.class,
          QuantizeCommand.class,
          QualityCommand.class,
          PullCommand.class,
          ModelsCommand.class,
          RmCommand.class);

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @SuppressWarnings("unused") // read from the command line by Failures, which knows no Main
  @Option(
      names = Failures.DEBUG,
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of a failure.")
  private boolean debug;

  private Main() {}

  /**
   * Runs a command and ends the process with its exit status.
   *
   * @param args the command and its arguments
   */
  public static void main(String[] args) {
    PrintWriter out = writer(new ResultStream(new FileOutputStream(FileDescriptor.out)));
    PrintWriter err =
        new PrintWriter(
            new OutputStreamWriter(
                new FileOutputStream(FileDescriptor.err), StandardCharsets.UTF_8),
            true);
    System.exit(run(out, err, args));
  }

  private static PrintWriter writer(ResultStream stream) {
    return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8));
  }

  /** Runs a command and returns its exit status. */
  static int run(PrintWriter out, PrintWriter err, String... args) {
    CommandLine commandLine = new CommandLine(new Main());
    addCommands(commandLine, args);
    commandLine
        .setOut(out)
        .setErr(err)
        .setExpandAtFiles(false) // a text may begin with @
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpWidth(HELP_WIDTH)
        .setColorScheme(Help.defaultColorScheme(Help.Ansi.OFF))
        .setExecutionStrategy(Main::execute)
        .setParameterExceptionHandler(Failures::wrongUsage)
        .setExecutionExceptionHandler(Failures::failed);
    try {
      int status = commandLine.execute(args);
      out.flush();
      return status;
    } catch (RuntimeException
        | Error e) { // of the flush, or an error: picocli hands on exceptions only
      return Failures.failed(e, commandLine.getErr(), Failures.wantsDebug(args));
    }
  }

  /** Help that cannot be printed fails like a command: picocli would print its stack trace. */
  private static int execute(ParseResult parsed) {
    try {
      Integer help = CommandLine.executeHelpRequest(parsed);
      return help != null ? help : new CommandLine.RunLast().execute(parsed);
    } catch (UncheckedIOException | ResultStream.ReaderGoneException e) {
      CommandLine command = parsed.commandSpec().commandLine();
      throw new CommandLine.ExecutionException(command, String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * Only the one that is asked for, where there is one: picocli reads the annotations of every
   * command that it knows, and that would be a tenth of a second at each start.
   */
  private static void addCommands(CommandLine commandLine, String... args) {
    String first = args.length == 0 ? "" : args[0];
    boolean known = COMMANDS.stream().anyMatch(command -> nameOf(command).equals(first));
    for (Class<? extends CliCommand> command : COMMANDS) {
      if (!known || nameOf(command).equals(first)) {
        commandLine.addSubcommand(command);
      }
    }
  }

  private static String nameOf(Class<? extends CliCommand> command) {
    return requireNonNull(command.getAnnotation(Command.class)).name();
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
  }
}
