package io.github.nextclass.cli;

import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code nextclass detokenize}: token ids in, text out. */
@Command(name = "detokenize", description = "Turn token ids into text.")
final class DetokenizeCommand extends CliCommand {
  @Mixin private final FolderOption model = new FolderOption();

  @Parameters(arity = "0..1", split = ",", paramLabel = "ID", description = "Ids, as in 1,2,3.")
  private int @Nullable [] ids;

  @Option(
      names = "--jsonl",
      paramLabel = "FILE",
      description = "Lines {\"ids\": [...]} in, lines {\"text\": ...} out; '-' is standard input.")
  private @Nullable Path jsonl;

  @Option(names = "--skip-special", description = "Leave special tokens out of the text.")
  private boolean skipSpecial;

  @Override
  void run() throws IOException {
    if ((ids == null) == (jsonl == null)) {
      throw usage("one of ID and --jsonl is expected");
    }
    Tokenizer tokenizer = Tokenizer.load(model.folder());
    if (jsonl != null) {
      Json.forEachLine(
          jsonl,
          line -> {
            String text = tokenizer.decode(line.ints("ids"), skipSpecial);
            Json.appendLine(out(), json -> json.writeStringProperty("text", text));
          });
      out().flush();
    } else if (ids != null) {
      out().println(tokenizer.decode(ids, skipSpecial));
    }
  }
}
