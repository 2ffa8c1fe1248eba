package io.github.nextclass.cli;

import io.github.nextclass.tokenizer.ChatOptions;
import io.github.nextclass.tokenizer.Message;
import io.github.nextclass.tokenizer.Messages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What surrounds the user's words in a chat. */
final class ConversationOptions {
  /** Whether a model that can think aloud before it answers does so. */
  enum Thinking {
    ON,
    OFF
  }

  @Option(names = "--system", paramLabel = "TEXT", description = "Instructions to the model.")
  private @Nullable String system;

  @Option(
      names = "--thinking",
      paramLabel = "on|off",
      description = "Let the model think before it answers. Default: on.")
  private @Nullable Thinking thinking;

  @Option(
      names = "--tools",
      paramLabel = "FILE",
      description = "Functions that the model may call, a JSON list.")
  private @Nullable Path tools;

  boolean isGiven() {
    return system != null || thinking != null || tools != null;
  }

  boolean wantsThinking() {
    return thinking == Thinking.ON;
  }

  /** How the conversation starts. */
  List<Message> start() {
    return system == null ? List.of() : List.of(new Message.System(system));
  }

  ChatOptions chatOptions() throws IOException {
    ChatOptions options = ChatOptions.defaults().withEnableThinking(thinking != Thinking.OFF);
    return tools == null
        ? options
        : options.withTools(Messages.toolsFromJson(Files.readString(tools)));
  }
}
