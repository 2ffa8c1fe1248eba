package io.github.nextclass.cli;

import io.github.nextclass.tokenizer.ChatOptions;
import io.github.nextclass.tokenizer.ChatTemplate;
import io.github.nextclass.tokenizer.Messages;
import io.github.nextclass.tokenizer.Prompt;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code nextclass render}: messages in, the prompt that the model sees out, to the byte. */
@Command(name = "render", description = "Turn messages into the prompt that a model sees.")
final class RenderCommand extends CliCommand {
  @Mixin private final FolderOption model = new FolderOption();

  @Parameters(
      arity = "0..1",
      paramLabel = "FILE",
      description = "A JSON list of messages with role and content. Default: '-', standard input.")
  private Path messages = Path.of("-");

  @Option(names = "--no-thinking", description = "Put an empty thought before the answer.")
  private boolean noThinking;

  @Option(names = "--no-generation-prompt", description = "End after the last message.")
  private boolean noGenerationPrompt;

  @Option(
      names = "--tools",
      paramLabel = "FILE",
      description = "Functions that the model may call, a JSON list.")
  private @Nullable Path tools;

  @Override
  void run() throws IOException {
    ChatOptions options =
        ChatOptions.defaults()
            .withEnableThinking(!noThinking)
            .withAddGenerationPrompt(!noGenerationPrompt);
    if (tools != null) {
      options = options.withTools(Messages.toolsFromJson(Utf8.read(tools)));
    }
    Prompt prompt =
        ChatTemplate.load(model.folder()).render(Messages.fromJson(read(messages)), options);
    out().print(prompt.text());
  }
}
