package io.github.nextclass.sampling;

import io.github.nextclass.engine.Session;
import io.github.nextclass.tokenizer.ChatOptions;
import io.github.nextclass.tokenizer.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.ConcurrentModificationException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A conversation that remembers. Each question is read with all messages before it, but what the KV
 * cache holds already is not computed again:
 *
 * <pre>
 *   in the cache   [ turn 1 | answer 1 ]
 *   next prompt    [ turn 1 | answer 1 | turn 2 ]        the longest common beginning is kept, the rest is read
 * </pre>
 *
 * <p>Where the chat template writes an earlier answer differently from how it was generated (it
 * drops what the model thought) the common beginning ends there.
 *
 * <p>If a call ends with an exception, the conversation is as before the call and can go on. A chat
 * belongs to one thread at a time, and says so when misused; it is to be closed.
 */
public final class Chat implements AutoCloseable {
  private final LanguageModel model;
  private final ChatOptions options;
  private final Session session;
  private final AtomicBoolean inUse = new AtomicBoolean();
  private volatile List<Message> messages;

  /** The tokens whose keys and values the session holds. */
  private int[] cached = {};

  Chat(LanguageModel model, ChatOptions options, Session session, List<Message> messages) {
    this.model = model;
    this.options = options;
    this.session = session;
    this.messages = List.copyOf(messages);
  }

  /**
   * Asks with the model's default settings.
   *
   * @param question what the user says
   * @return the answer
   * @throws IllegalArgumentException as the other method
   */
  public ChatAnswer ask(String question) {
    return ask(question, model.defaultDecoding());
  }

  /**
   * Asks.
   *
   * @param question what the user says
   * @param decoding the settings
   * @return the answer
   * @throws IllegalArgumentException as the other method
   */
  public ChatAnswer ask(String question, Decoding decoding) {
    return ask(question, decoding, ChatListener.none(), new Cancellation());
  }

  /**
   * Asks, and hears the answer while it is made.
   *
   * @param question what the user says
   * @param decoding the settings. If there is no room for {@link Decoding#maxNewTokens(int)}, the
   *     answer ends with {@link FinishReason#CONTEXT_FULL} when the room is used up
   * @param listener hears of the answer
   * @param cancellation stops the answer, which then is in the conversation as far as it got; if it
   *     got nowhere, the question is not either
   * @return the answer
   * @throws IllegalArgumentException if the conversation does not fit into the context, or the
   *     settings are wrong for this model
   * @throws IllegalStateException if the chat or the model is closed
   * @throws java.util.ConcurrentModificationException if another thread uses the chat
   */
  public ChatAnswer ask(
      String question, Decoding decoding, ChatListener listener, Cancellation cancellation) {
    return answer(List.of(new Message.User(question)), decoding, listener, cancellation);
  }

  /**
   * Appends messages, such as the results of tools, and lets the model answer.
   *
   * @param next what is said before the model's turn; the last of them is what it answers
   * @param decoding the settings
   * @return the answer
   * @throws IllegalArgumentException as the other method
   */
  public ChatAnswer answer(List<? extends Message> next, Decoding decoding) {
    return answer(next, decoding, ChatListener.none(), new Cancellation());
  }

  /**
   * Appends messages, such as the results of tools, and lets the model answer.
   *
   * @param next what is said before the model's turn; the last of them is what it answers
   * @param decoding the settings
   * @param listener hears of the answer
   * @param cancellation stops the answer
   * @return the answer
   * @throws IllegalArgumentException if the conversation does not fit into the context, or the
   *     settings are wrong for this model
   * @throws IllegalStateException if the chat or the model is closed
   * @throws java.util.ConcurrentModificationException if another thread uses the chat
   */
  public ChatAnswer answer(
      List<? extends Message> next,
      Decoding decoding,
      ChatListener listener,
      Cancellation cancellation) {
    if (!inUse.compareAndSet(false, true)) {
      throw new ConcurrentModificationException(
          "this chat is in use by another thread; a chat belongs to one at a time");
    }
    try {
      return answerAlone(next, decoding, listener, cancellation);
    } finally {
      inUse.set(false);
    }
  }

  private ChatAnswer answerAlone(
      List<? extends Message> next,
      Decoding decoding,
      ChatListener listener,
      Cancellation cancellation) {
    List<Message> conversation = new ArrayList<>(messages);
    conversation.addAll(next);
    int[] prompt = model.render(conversation, options);
    rewindTo(prompt);

    int[] answered = {};
    ChatAnswer answer;
    try {
      AnswerForm form = model.answerForm(options);
      AnswerListener parts = new AnswerListener(listener, form);
      Generation generation =
          model.generate(session, prompt, fitting(decoding, prompt.length), parts, cancellation);
      parts.end();
      answered = generation.tokenIds();
      answer = ChatAnswer.of(generation, form);
    } finally {
      remember(prompt, answered);
    }
    if (!answer.generation().predictions().isEmpty()) {
      conversation.add(answer.message());
      messages = List.copyOf(conversation);
    }
    return answer;
  }

  /**
   * Returns the conversation so far.
   *
   * @return unmodifiable
   */
  public List<Message> messages() {
    return messages;
  }

  /** Gives the memory of the conversation back. Closing twice does nothing. */
  @Override
  public void close() {
    session.close();
  }

  /**
   * Keeps what the cache and the prompt have in common, except its last token, which the question
   * needs.
   */
  private void rewindTo(int[] prompt) {
    int limit = Math.min(cached.length, prompt.length - 1);
    int mismatch = Arrays.mismatch(cached, 0, limit, prompt, 0, limit);
    int common = mismatch < 0 ? limit : mismatch;
    session.truncate(common);
    cached = Arrays.copyOf(cached, common);
  }

  /**
   * What the session has read, without its last token, which a step may have read or not, and
   * without what was guessed behind it.
   */
  private void remember(int[] prompt, int[] answer) {
    int[] sequence = Arrays.copyOf(prompt, prompt.length + answer.length);
    System.arraycopy(answer, 0, sequence, prompt.length, answer.length);
    int certain = Math.min(session.position(), sequence.length - 1);
    session.truncate(certain);
    cached = Arrays.copyOf(sequence, certain);
  }

  private Decoding fitting(Decoding decoding, int promptLength) {
    boolean fits =
        decoding.settings().maxNewTokens().orElse(0) <= session.capacity() - promptLength;
    return fits ? decoding : decoding.maxNewTokens(Decoding.UNLIMITED);
  }
}
