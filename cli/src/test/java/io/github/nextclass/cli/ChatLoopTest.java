package io.github.nextclass.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.tokenizer.ChatOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ChatLoopTest {
  /** Somebody who types, and presses Ctrl-C when the first words of an answer appear. */
  private static final class Typist extends Writer implements MessageSource {
    private final Queue<String> messages;
    private final StringBuilder seen = new StringBuilder();
    private Runnable interrupt = () -> {};
    private boolean impatient = true;

    Typist(String... messages) {
      this.messages = new ArrayDeque<>(List.of(messages));
    }

    @Override
    public @Nullable String next() {
      return messages.poll();
    }

    @Override
    public void onInterrupt(Runnable action) {
      interrupt = action;
    }

    @Override
    public void write(char[] text, int offset, int length) {
      seen.append(text, offset, length);
      if (impatient && seen.toString().contains(" ")) {
        impatient = false;
        interrupt.run();
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  @Test
  void ctrlCStopsTheAnswerAndNotTheConversation() throws IOException {
    assumeTrue(Files.isDirectory(Cli.STORYTELLER), Cli.STORYTELLER + " is not there");
    Typist typist = new Typist("Tell me a story.", "Who are you?");
    StringWriter err = new StringWriter();
    try (LanguageModel model = LanguageModel.load(Cli.STORYTELLER)) {
      new ChatLoop(
              () -> model.newChat(ChatOptions.defaults(), List.of()),
              Decoding.greedy().maxNewTokens(200),
              typist,
              new PrintWriter(typist),
              new PrintWriter(err))
          .run();
    }

    assertThat(err.toString()).containsOnlyOnce("(stopped)");
    List<String> answers = typist.seen.toString().lines().toList();
    assertThat(answers).hasSize(2);
    assertThat(answers.getFirst().split(" ")).hasSizeLessThan(6);
    assertThat(answers.getLast()).hasSizeGreaterThan(15);
  }
}
