package io.github.nextclass.cli;

import io.github.nextclass.sampling.Cancellation;
import io.github.nextclass.sampling.Chat;
import io.github.nextclass.sampling.ChatAnswer;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.FinishReason;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Question, answer, question, answer. */
final class ChatLoop {
  private static final String HELP =
      """
      /reset  start a new conversation
      /exit   leave, as Ctrl-D does
      /help   this
      Ctrl-C stops an answer. A line that ends in \\ goes on in the next one; so does Alt-Enter.\
      """;

  private final Supplier<Chat> newChat;
  private final Decoding decoding;
  private final MessageSource messages;
  private final PrintWriter out;
  private final PrintWriter err;
  private volatile @Nullable Cancellation answering;

  ChatLoop(
      Supplier<Chat> newChat,
      Decoding decoding,
      MessageSource messages,
      PrintWriter out,
      PrintWriter err) {
    this.newChat = newChat;
    this.decoding = decoding;
    this.messages = messages;
    this.out = out;
    this.err = err;
  }

  void run() throws IOException {
    messages.onInterrupt(this::stopAnswer);
    while (converse()) {
      err.println("a new conversation");
    }
  }

  private void stopAnswer() {
    Cancellation current = answering;
    if (current != null) {
      current.cancel();
    }
  }

  /** One conversation; returns whether another one shall begin. */
  private boolean converse() throws IOException {
    try (Chat chat = newChat.get()) {
      while (true) {
        String message = messages.next();
        if (message == null) {
          return false;
        }
        switch (message.strip()) {
          case "" -> {}
          case "/exit" -> {
            return false;
          }
          case "/reset" -> {
            return true;
          }
          case "/help" -> err.println(HELP);
          default -> answer(chat, message);
        }
      }
    }
  }

  private void answer(Chat chat, String message) {
    Cancellation cancellation = new Cancellation();
    answering = cancellation;
    try {
      AnswerPrinter printer = new AnswerPrinter(out);
      ChatAnswer answer = chat.ask(message, decoding, printer, cancellation);
      printer.end();
      FinishReason reason = answer.generation().finishReason();
      if (reason == FinishReason.CANCELLED) {
        err.println("(stopped)");
      } else if (reason == FinishReason.CONTEXT_FULL) {
        err.println("(the context is full; /reset starts a new conversation)");
      }
    } catch (IllegalArgumentException e) { // too long: the conversation is as before
      err.println("nextclass: " + e.getMessage());
    } finally {
      answering = null;
    }
  }
}
