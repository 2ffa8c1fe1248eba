package io.github.nextclass.cli;

import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.LanguageModelOptions;
import io.github.nextclass.tokenizer.ChatOptions;
import java.io.Console;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code nextclass chat}: a conversation at the terminal, or line by line through a pipe. */
@Command(
    name = "chat",
    description = {
      "Talk with a model. /help tells what can be typed.",
      "",
      "Without a terminal each line of standard input is a message."
    })
final class ChatCommand extends CliCommand {
  @Mixin private final ModelOptions model = new ModelOptions();
  @Mixin private final DecodingOptions decoding = new DecodingOptions();
  @Mixin private final ConversationOptions conversation = new ConversationOptions();

  @Option(
      names = {"-c", "--context"},
      paramLabel = "N",
      description = "Tokens of the conversation at most. Default: ${DEFAULT-VALUE}.")
  private int context = 4096;

  @Override
  void run() throws IOException {
    if (context < 1) {
      throw usage("--context is " + context + ", expected at least 1");
    }
    ChatOptions options = conversation.chatOptions();
    try (LanguageModel languageModel =
            LanguageModel.load(
                model.folder(), new LanguageModelOptions(model.engineOptions(), context));
        MessageSource messages = messages()) {
      Decoding settings =
          conversation.applyTo(decoding.applyTo(languageModel, Decoding.UNLIMITED), languageModel);
      new ChatLoop(
              () -> languageModel.newChat(options, conversation.start()),
              settings,
              messages,
              out(),
              err())
          .run();
    }
  }

  @SuppressWarnings(
      "SystemConsoleNull") // from Java 25 on it is null again where there is no terminal
  private static MessageSource messages() throws IOException {
    Console console = System.console();
    return console != null && console.isTerminal()
        ? new TerminalMessages()
        : new PipedMessages(System.in);
  }
}
