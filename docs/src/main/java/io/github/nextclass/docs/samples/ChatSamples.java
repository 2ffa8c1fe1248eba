package io.github.nextclass.docs.samples;

import io.github.nextclass.sampling.Cancellation;
import io.github.nextclass.sampling.Chat;
import io.github.nextclass.sampling.ChatAnswer;
import io.github.nextclass.sampling.ChatListener;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.ToolRequest;
import io.github.nextclass.tokenizer.ChatOptions;
import io.github.nextclass.tokenizer.Message;
import io.github.nextclass.tokenizer.Tool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The samples of docs/chat.md. */
final class ChatSamples {
  private static final Path folder = Path.of("models/storyteller");

  private ChatSamples() {}

  static void conversation() throws IOException {
    // @start region=conversation
    List<Message> start = List.of(new Message.System("You tell the truth."));
    try (var model = LanguageModel.load(folder);
        Chat chat = model.newChat(ChatOptions.defaults(), start)) {
      ChatAnswer answer = chat.ask("What is the capital of France?");
      System.out.println(answer.thinking()); // empty if the model did not think
      System.out.println(answer.text());
      System.out.println(chat.ask("And of Italy?").text()); // the first turn is not read again
    }
    // @end
  }

  static void listener() throws IOException {
    try (var model = LanguageModel.load(folder);
        Chat chat = model.newChat(ChatOptions.defaults(), List.of())) {
      // @start region=listener
      ChatListener listener =
          new ChatListener() {
            @Override
            public void onThinking(String text) {
              System.out.print(text.toUpperCase(Locale.ROOT));
            }

            @Override
            public void onText(String text) {
              System.out.print(text);
            }
          };
      chat.ask("Who are you?", model.defaultDecoding(), listener, new Cancellation());
      // @end
    }
  }

  static void budget() throws IOException {
    try (var model = LanguageModel.load(folder);
        Chat chat = model.newChat(ChatOptions.defaults(), List.of())) {
      // @start region=budget
      Decoding decoding = model.defaultDecoding().with(model.thinkingBudget(200)).maxNewTokens(400);
      System.out.println(chat.ask("Who are you?", decoding).text());
      // @end
    }
  }

  static void tools() throws IOException {
    try (var model = LanguageModel.load(folder)) {
      // @start region=tools
      Tool weather =
          new Tool(
              """
              {"type": "function", "function": {"name": "weather", "description": "The weather in a city.",
               "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}
              """);
      ChatOptions options = ChatOptions.defaults().withTools(List.of(weather));
      try (Chat chat = model.newChat(options, List.of())) {
        ChatAnswer answer = chat.ask("What is the weather in Oslo?");
        List<Message> results = new ArrayList<>();
        for (ToolRequest request : answer.toolRequests()) {
          String result =
              switch (request) {
                case ToolRequest.Call call -> weatherIn(call.argument("city", String.class));
                case ToolRequest.Malformed bad -> "error: " + bad.error();
              };
          results.add(new Message.ToolResult(result));
        }
        if (!results.isEmpty()) {
          answer = chat.answer(results, model.defaultDecoding());
        }
        System.out.println(answer.text());
      }
      // @end
    }
  }

  private static String weatherIn(String city) {
    return "{\"city\": \"" + city + "\", \"degrees\": 7}";
  }
}
