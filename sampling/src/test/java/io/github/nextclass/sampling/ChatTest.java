package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nextclass.tokenizer.ChatOptions;
import io.github.nextclass.tokenizer.Message;
import io.github.nextclass.tokenizer.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.ConcurrentModificationException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTest {
  private static final Decoding SAMPLING = Decoding.sampling().seed(3).maxNewTokens(30);
  private static final ChatOptions NO_THINKING = ChatOptions.defaults().withEnableThinking(false);

  @TempDir static Path folder;
  private static LanguageModel model;

  @BeforeAll
  static void load() throws IOException {
    Optional<Path> template = Checkpoints.chatTemplate();
    assumeTrue(
        template.isPresent(),
        "skipped: neither models/storyteller nor ../shared/qwen3 has Qwen's chat template");
    Checkpoints.writeByteModel(folder);
    Files.copy(template.orElseThrow(), folder.resolve("chat_template.jinja"));
    model = LanguageModel.load(folder, LanguageModelOptions.defaults().withContextLength(1000));
  }

  @AfterAll
  static void close() {
    if (model != null) {
      model.close();
    }
  }

  @Test
  void aChatGivesTheAnswersOfSeparateRequestsAndReadsLess() {
    List<Message> messages = new ArrayList<>(List.of(new Message.System("Be brief.")));
    try (Chat chat = model.newChat(NO_THINKING, messages)) {
      for (String question : List.of("Hello!", "And now?", "Zoë 😀")) {
        messages.add(new Message.User(question));
        ChatAnswer separate = model.chat(messages, NO_THINKING, SAMPLING);
        ChatAnswer inChat = chat.ask(question, SAMPLING);
        assertThat(inChat.generation().tokenIds()).isEqualTo(separate.generation().tokenIds());
        assertThat(inChat.message()).isEqualTo(separate.message());
        if (messages.size() > 2) {
          assertThat(inChat.generation().timings().promptTokens())
              .isLessThan(separate.generation().timings().promptTokens());
        }
        messages.add(inChat.message());
        assertThat(chat.messages()).isEqualTo(messages);
      }
    }
  }

  @Test
  void anExceptionLeavesTheConversationAsItWas() {
    try (Chat chat = model.newChat(NO_THINKING, List.of())) {
      chat.ask("One", SAMPLING);
      List<Message> before = chat.messages();
      assertThatThrownBy(() ->
              chat.ask(
                  "Two",
                  SAMPLING,
                  text -> {
                    throw new UnsupportedOperationException("full");
                  },
                  new Cancellation()))
          .isInstanceOf(UnsupportedOperationException.class);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> chat.ask("Two", SAMPLING.bannedTokenIds(300)))
          .withMessageContaining("bannedTokenIds");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> chat.ask("x".repeat(2000), SAMPLING))
          .withMessageContaining("the context holds 1000");
      assertThat(chat.messages()).isEqualTo(before);

      ChatAnswer after = chat.ask("Two", SAMPLING);
      List<Message> all = new ArrayList<>(before);
      all.add(new Message.User("Two"));
      assertThat(after.generation().tokenIds())
          .isEqualTo(model.chat(all, NO_THINKING, SAMPLING).generation().tokenIds());
    }
  }

  @Test
  void aCancelledAnswerStaysAsFarAsItGot() {
    try (Chat chat = model.newChat(NO_THINKING, List.of())) {
      Cancellation cancellation = new Cancellation();
      ChatAnswer answer = chat.ask("One", SAMPLING, text -> cancellation.cancel(), cancellation);
      assertThat(answer.generation().finishReason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(chat.messages()).containsExactly(new Message.User("One"), answer.message());
      ChatAnswer none = chat.ask("Two", SAMPLING, ChatListener.none(), cancellation);
      assertThat(none.generation().predictions()).isEmpty();
      assertThat(chat.messages()).hasSize(2);
      ChatAnswer late = chat.ask("Two", SAMPLING.deadline(Duration.ofNanos(1)));
      assertThat(late.generation().finishReason()).isEqualTo(FinishReason.DEADLINE);
      assertThat(chat.messages()).hasSize(2);
    }
  }

  @Test
  void anAnswerWithoutRoomEndsWithTheContext() {
    try (Chat chat = model.newChat(NO_THINKING, List.of())) {
      ChatAnswer answer = chat.ask("x".repeat(900), SAMPLING.ignoreEos(true).maxNewTokens(500));
      assertThat(answer.generation().finishReason()).isEqualTo(FinishReason.CONTEXT_FULL);
    }
  }

  @Test
  void aClosedChatAndOneThatIsInUseSaySo() {
    Chat chat = model.newChat(NO_THINKING, List.of());
    assertThatThrownBy(() ->
            chat.ask("One", SAMPLING, text -> chat.ask("inside", SAMPLING), new Cancellation()))
        .isInstanceOf(ConcurrentModificationException.class)
        .hasMessageContaining("this chat is in use");
    assertThat(chat.ask("One", SAMPLING).generation().tokenIds()).isNotEmpty();
    chat.close();
    chat.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> chat.ask("Two", SAMPLING))
        .withMessageContaining("closed");
  }

  @Test
  void controlTokensInAQuestionAreOrdinaryText() {
    int[] tame = model.render(List.of(new Message.User("<|im_end|>")), NO_THINKING);
    int[] plain = model.render(List.of(new Message.User("")), NO_THINKING);
    assertThat(tame).hasSize(plain.length + "<|im_end|>".length());
  }

  @Test
  void aCheckpointWithoutATemplateHasNoChat(@TempDir Path other) throws IOException {
    Checkpoints.writeByteModel(other);
    Files.writeString(other.resolve("chat_template.jinja"), "{{ messages }}");
    try (LanguageModel unknown = LanguageModel.load(other)) {
      assertThatIllegalStateException()
          .isThrownBy(() -> unknown.newChat(NO_THINKING, List.of()))
          .withMessageContaining("no chat template that is known");
      assertThat(unknown.generate("Once", SAMPLING).tokenIds()).isNotEmpty();
    }
  }

  @Test
  void theResultsOfToolsAreReadBehindWhatIsThere() {
    Tool tool =
        new Tool("{\"type\": \"function\", \"function\": {\"name\": \"f\", \"parameters\": {}}}");
    ChatOptions options = NO_THINKING.withTools(List.of(tool));
    try (Chat chat = model.newChat(options, List.of())) {
      // A model with random weights calls nothing by itself.
      String call = "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>";
      StringBuilder heard = new StringBuilder();
      ChatListener listener =
          new ChatListener() {
            @Override
            public void onText(String text) {
              heard.append(text);
            }

            @Override
            public void onToolRequest(ToolRequest request) {
              heard.append(request);
            }
          };
      ChatAnswer first =
          chat.answer(
              List.of(new Message.User("Call f.")),
              Decoding.greedy().choice(call),
              listener,
              new Cancellation());
      assertThat(first.generation().text()).isEqualTo(call);
      assertThat(first.text()).isEmpty();
      ToolRequest.Call parsed = first.toolCalls().getFirst();
      assertThat(parsed.argument("a", Long.class)).isEqualTo(1);
      assertThat(heard).hasToString(parsed.toString());
      assertThat(first.message().toolCalls()).containsExactly(parsed.toolCall());

      ChatAnswer second = chat.answer(List.of(new Message.ToolResult("{\"b\": 2}")), SAMPLING);
      int whole = model.render(chat.messages().subList(0, 3), options).length;
      assertThat(second.generation().timings().promptTokens())
          .as("the question and the call are not read again")
          .isLessThan(whole / 3);
      assertThat(second.generation().tokenIds())
          .isEqualTo(
              model.chat(chat.messages().subList(0, 3), options, SAMPLING).generation().tokenIds());
    }
  }

  @Test
  void contrastiveSearchAndChatGetAlong() {
    Decoding contrastive =
        Decoding.greedy().contrastive(new ContrastiveSearch(0.6, 3)).maxNewTokens(8);
    List<Message> messages = new ArrayList<>();
    try (Chat chat = model.newChat(NO_THINKING, List.of())) {
      for (String question : List.of("One", "Two", "Three")) {
        messages.add(new Message.User(question));
        ChatAnswer separate = model.chat(messages, NO_THINKING, contrastive);
        assertThat(chat.ask(question, contrastive).message()).isEqualTo(separate.message());
        messages.add(separate.message());
      }
    }
  }
}
