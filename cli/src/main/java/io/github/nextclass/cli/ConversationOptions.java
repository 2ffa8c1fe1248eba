package io.github.nextclass.cli;

import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.tokenizer.ChatOptions;
import io.github.nextclass.tokenizer.Message;
import io.github.nextclass.tokenizer.Messages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What surrounds the user's words in a chat. */
final class ConversationOptions {
  /** Whether a model that can think aloud before it answers does so. */
  enum Thinking {
    ON,
    OFF
  }

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

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

  @Option(
      names = "--thinking-budget",
      paramLabel = "N",
      description = "End a thought after N tokens and answer.")
  private @Nullable Integer thinkingBudget;

  boolean isGiven() {
    return system != null || thinking != null || tools != null || thinkingBudget != null;
  }

  /** Adds the end of a thought that takes too long. */
  Decoding applyTo(Decoding decoding, LanguageModel model) {
    if (thinkingBudget == null) {
      return decoding;
    }
    try {
      return decoding.with(model.thinkingBudget(thinkingBudget));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()));
    }
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
    return tools == null ? options : options.withTools(Messages.toolsFromJson(Utf8.read(tools)));
  }
}
