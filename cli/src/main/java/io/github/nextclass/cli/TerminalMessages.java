package io.github.nextclass.cli;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jline.keymap.KeyMap;
import org.jline.reader.EOFError;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser;
import org.jline.reader.Reference;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Messages typed at a terminal, with editing and a history that is kept between starts. A line that
 * ends in a backslash goes on in the next one, and Alt-Enter makes a new line.
 */
final class TerminalMessages implements MessageSource {
  private static final String HISTORY_FILE = ".nextclass_history";
  private static final String NEW_LINE = "nextclass-new-line";

  private final Terminal terminal;
  private final LineReader reader;

  TerminalMessages() throws IOException {
    terminal = TerminalBuilder.builder().system(true).encoding("UTF-8").build();
    reader =
        LineReaderBuilder.builder()
            .terminal(terminal)
            .appName("nextclass")
            .parser(new MessageParser())
            .variable(
                LineReader.HISTORY_FILE, Path.of(System.getProperty("user.home"), HISTORY_FILE))
            .variable(LineReader.SECONDARY_PROMPT_PATTERN, ". ")
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true) // "!" is a character
            .build();
    reader.getWidgets().put(NEW_LINE, this::insertNewLine);
    requireNonNull(reader.getKeyMaps().get(LineReader.MAIN))
        .bind(new Reference(NEW_LINE), KeyMap.alt('\r'), KeyMap.alt('\n'));
  }

  private boolean insertNewLine() {
    reader.getBuffer().write('\n');
    return true;
  }

  @Override
  public @Nullable String next() {
    while (true) {
      try {
        return reader.readLine("> ").replace("\\\n", "\n");
      } catch (UserInterruptException e) {
        // Ctrl-C drops the line
      } catch (EndOfFileException e) {
        return null;
      }
    }
  }

  @Override
  public void onInterrupt(Runnable action) {
    terminal.handle(Terminal.Signal.INT, signal -> action.run());
  }

  @Override
  public void close() throws IOException {
    terminal.close();
  }

  /** A message is one word: no quotes, no escapes but the backslash at the end of a line. */
  private static final class MessageParser extends DefaultParser {
    @Override
    public ParsedLine parse(String line, int cursor, Parser.ParseContext context) {
      if (context == Parser.ParseContext.ACCEPT_LINE && line.endsWith("\\")) {
        throw new EOFError(-1, -1, "the line goes on");
      }
      return new ArgumentList(line, List.of(line), 0, cursor, cursor, null, cursor, line.length());
    }
  }
}
