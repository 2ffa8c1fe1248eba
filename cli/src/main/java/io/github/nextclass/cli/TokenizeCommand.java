package io.github.nextclass.cli;

import io.github.nextclass.tokenizer.EncodeOptions;
import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code nextclass tokenize}: text in, token ids out. */
@Command(name = "tokenize", description = "Turn text into token ids.")
final class TokenizeCommand extends CliCommand {
  @Mixin private final FolderOption model = new FolderOption();

  @Parameters(
      arity = "0..1",
      paramLabel = "TEXT",
      description = "The text; '-' reads it from standard input.")
  private @Nullable String text;

  @Option(
      names = "--jsonl",
      paramLabel = "FILE",
      description = "Lines {\"text\": ...} in, lines {\"ids\": [...]} out; '-' is standard input.")
  private @Nullable Path jsonl;

  @Option(
      names = "--ordinary",
      description = "Take every character as ordinary text: no control tokens.")
  private boolean ordinary;

  @Override
  void run() throws IOException {
    if ((text == null) == (jsonl == null)) {
      throw usage("one of TEXT and --jsonl is expected");
    }
    Tokenizer tokenizer = Tokenizer.load(model.folder());
    EncodeOptions options =
        ordinary ? new EncodeOptions(false, false, false) : EncodeOptions.defaults();
    if (jsonl != null) {
      Json.forEachLine(
          jsonl,
          line -> {
            int[] ids = tokenizer.encode(line.string("text"), options);
            Json.appendLine(out(), json -> Json.writeInts(json, "ids", ids));
          });
      out().flush();
    } else if (text != null) {
      String input = text.equals("-") ? read(Path.of(text)) : text;
      out()
          .println(
              Arrays.stream(tokenizer.encode(input, options))
                  .mapToObj(Integer::toString)
                  .collect(Collectors.joining(",")));
    }
  }
}
