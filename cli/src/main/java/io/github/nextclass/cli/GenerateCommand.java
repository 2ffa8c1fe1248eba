package io.github.nextclass.cli;

import io.github.nextclass.sampling.Cancellation;
import io.github.nextclass.sampling.ChatAnswer;
import io.github.nextclass.sampling.ChatListener;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.Generation;
import io.github.nextclass.sampling.GenerationListener;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.LanguageModelOptions;
import io.github.nextclass.sampling.Prediction;
import io.github.nextclass.sampling.Timings;
import io.github.nextclass.tokenizer.ChatOptions;
import io.github.nextclass.tokenizer.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.core.JsonGenerator;

/** {@code nextclass generate}: continues a text, or answers it. */
@Command(
    name = "generate",
    description = "Continue a text, or answer it with --chat; prints while it is made.")
final class GenerateCommand extends CliCommand {
  private static final int MAX_NEW_TOKENS = 256;

  @Mixin private final PromptOptions prompt = new PromptOptions();
  @Mixin private final ModelOptions model = new ModelOptions();
  @Mixin private final DecodingOptions decoding = new DecodingOptions();
  @Mixin private final SearchOptions search = new SearchOptions();
  @Mixin private final StructureOptions structure = new StructureOptions();
  @Mixin private final ConversationOptions conversation = new ConversationOptions();

  @Option(names = "--chat", description = "Take TEXT as a user's message and answer it.")
  private boolean chat;

  @Option(names = "--echo", description = "Print the prompt before its continuation.")
  private boolean echo;

  @Option(names = "--json", description = "Print one line of JSON at the end.")
  private boolean json;

  @Option(names = "--timings", description = "Tell afterwards how long it took.")
  private boolean timings;

  @Override
  void run() throws IOException {
    prompt.check();
    if (chat && prompt.isTokens()) {
      throw usage("--chat needs TEXT, not --tokens");
    }
    if (!chat && conversation.isGiven()) {
      throw usage("--system, --thinking, --thinking-budget and --tools need --chat");
    }
    if (structure.isGiven() && conversation.wantsThinking()) {
      throw usage("--thinking on excludes --choice, --regex and --json-schema");
    }
    LanguageModelOptions options =
        new LanguageModelOptions(model.engineOptions(), Integer.MAX_VALUE);
    try (LanguageModel languageModel = LanguageModel.load(model.folder(), options)) {
      ChatOptions chatOptions = chatOptions();
      List<Message> messages = chat ? messages() : List.of();
      int[] tokenIds = chat ? languageModel.render(messages, chatOptions) : tokenIds(languageModel);
      int room = Math.max(1, languageModel.contextLength() - tokenIds.length);
      Decoding settings =
          search.applyTo(
              conversation.applyTo(
                  structure.applyTo(
                      decoding.applyTo(languageModel, Math.min(room, MAX_NEW_TOKENS))),
                  languageModel),
              decoding.isDrawing());
      if (settings.settings().numReturnSequences() > 1) {
        printAll(languageModel, tokenIds, settings);
        return;
      }
      Generation generation =
          chat
              ? answer(languageModel, messages, chatOptions, tokenIds.length, settings)
              : generate(languageModel, tokenIds, settings);
      if (timings) {
        printTimings(generation);
      }
    }
  }

  /** Several sequences cannot be printed while they are made: each as a paragraph, or a line. */
  private void printAll(LanguageModel languageModel, int[] tokenIds, Decoding settings) {
    boolean hasText = languageModel.tokenizer().isPresent();
    List<Generation> generations =
        languageModel.generateAll(tokenIds, settings, new Cancellation());
    for (int i = 0; i < generations.size(); i++) {
      Generation generation = generations.get(i);
      if (json) {
        Json.printLine(out(), line -> write(line, generation, tokenIds.length, hasText));
        continue;
      }
      out().printf("[%d of %d]%n", i + 1, generations.size());
      if (prompt.isTokens()) {
        out()
            .println(
                Arrays.stream(generation.tokenIds())
                    .mapToObj(Integer::toString)
                    .collect(Collectors.joining(",")));
      } else {
        out().println(generation.text());
      }
      if (timings) {
        printTimings(generation);
      }
    }
  }

  private Generation generate(LanguageModel languageModel, int[] tokenIds, Decoding settings) {
    GenerationListener printer =
        prompt.isTokens()
            ? new IdPrinter()
            : text -> {
              out().print(text);
              out().flush();
            };
    Generation generation =
        languageModel.generate(
            tokenIds, settings, json ? GenerationListener.none() : printer, new Cancellation());
    if (json) {
      boolean hasText = languageModel.tokenizer().isPresent();
      Json.printLine(out(), line -> write(line, generation, tokenIds.length, hasText));
    } else {
      out().println();
    }
    return generation;
  }

  private Generation answer(
      LanguageModel languageModel,
      List<Message> messages,
      ChatOptions options,
      int promptTokens,
      Decoding settings) {
    AnswerPrinter printer = new AnswerPrinter(out());
    ChatAnswer answer =
        languageModel.chat(
            messages, options, settings, json ? ChatListener.none() : printer, new Cancellation());
    if (json) {
      Json.printLine(
          out(),
          line -> {
            write(line, answer.generation(), promptTokens, true);
            AnswerJson.write(line, answer);
          });
    } else {
      printer.end();
    }
    return answer.generation();
  }

  private ChatOptions chatOptions() throws IOException {
    ChatOptions options = conversation.chatOptions();
    return structure.isGiven() ? options.withEnableThinking(false) : options;
  }

  private List<Message> messages() throws IOException {
    List<Message> messages = new ArrayList<>(conversation.start());
    messages.add(new Message.User(prompt.text()));
    return messages;
  }

  private int[] tokenIds(LanguageModel languageModel) throws IOException {
    if (echo && !json && !prompt.isTokens()) {
      out().print(prompt.text());
    }
    return prompt.tokenIds(languageModel);
  }

  /** Ids in, ids out. */
  private final class IdPrinter implements GenerationListener {
    @Override
    public void onText(String text) {}

    @Override
    public void onPrediction(Prediction prediction) {
      out().print((prediction.step() == 0 ? "" : ",") + prediction.tokenId());
      out().flush();
    }
  }

  private static void write(
      JsonGenerator line, Generation generation, int promptTokens, boolean hasText) {
    if (hasText) {
      line.writeStringProperty("text", generation.text());
    }
    Json.writeInts(line, "token_ids", generation.tokenIds());
    line.writeStringProperty(
        "finish_reason", generation.finishReason().name().toLowerCase(Locale.ROOT));
    line.writeNumberProperty("prompt_tokens", promptTokens);
    line.writeNumberProperty("seed", generation.seed());
    Timings times = generation.timings();
    line.writeObjectPropertyStart("timings");
    Json.writeRounded(line, "first_token_ms", times.firstToken().toNanos() / 1e6);
    Json.writeRounded(line, "total_ms", times.total().toNanos() / 1e6);
    Json.writeRounded(line, "prompt_tps", times.promptTokensPerSecond());
    Json.writeRounded(line, "decode_tps", times.newTokensPerSecond());
    line.writeEndObject();
  }

  private void printTimings(Generation generation) {
    Timings times = generation.timings();
    err()
        .printf(
            Locale.ROOT,
            "prompt: %d tokens, first token after %.0f ms; %d new tokens, %.1f tokens/s; seed %d%n",
            times.promptTokens(),
            times.firstToken().toNanos() / 1e6,
            times.newTokens(),
            times.newTokensPerSecond(),
            generation.seed());
  }
}
