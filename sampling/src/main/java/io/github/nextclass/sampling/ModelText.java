package io.github.nextclass.sampling;

import io.github.nextclass.sampling.structure.TokenTrie;
import io.github.nextclass.tokenizer.ChatOptions;
import io.github.nextclass.tokenizer.ChatTemplate;
import io.github.nextclass.tokenizer.Message;
import io.github.nextclass.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The text side of a checkpoint: tokenizer and chat template, either of which may be missing.
 * Thread-safe.
 */
final class ModelText {
  private static final String CLOSING_OF_A_THOUGHT =
      "Considering the limited time by the user, I have to give the solution based on the thinking"
          + " directly now.\n</think>\n\n";

  private final Path folder;
  private final @Nullable Tokenizer tokenizer;
  private final @Nullable ChatTemplate chatTemplate;
  private final int classes;
  private @Nullable TokenTrie tokenTrie; // made when the first constraint asks for it

  /**
   * Creates it.
   *
   * @param folder the checkpoint
   * @param files what is there
   * @param rows of the LM head; those behind the tokenizer's last token are padding
   */
  ModelText(Path folder, TextFiles files, int rows) {
    this.folder = folder;
    this.tokenizer = files.tokenizer();
    this.chatTemplate = files.chatTemplate();
    this.classes = tokenizer == null ? rows : Math.min(rows, tokenizer.vocabSize());
  }

  /** The classes that are tokens. */
  int classes() {
    return classes;
  }

  @Nullable Tokenizer tokenizerOrNull() {
    return tokenizer;
  }

  Tokenizer tokenizer() {
    if (tokenizer == null) {
      throw new IllegalStateException(
          folder
              + ": there is no tokenizer (tokenizer.json, vocab.json or *.tiktoken), so only token ids can be used");
    }
    return tokenizer;
  }

  ChatTemplate chatTemplate() {
    tokenizer();
    if (chatTemplate == null) {
      throw new IllegalStateException(
          folder + ": no chat template that is known, so there is no chat");
    }
    return chatTemplate;
  }

  int[] render(List<Message> messages, ChatOptions options) {
    return tokenizer().encode(chatTemplate().render(messages, options));
  }

  Detokenizer detokenizer() {
    return tokenizer == null
        ? Detokenizer.none()
        : new TokenizerText(tokenizer, () -> tokenTrie(tokenizer));
  }

  private synchronized TokenTrie tokenTrie(Tokenizer ofTokens) {
    if (tokenTrie == null) {
      tokenTrie = TokenizerText.trie(ofTokens, classes);
    }
    return tokenTrie;
  }

  /** Ends a thought as Qwen's documentation does (thinking_budget.md). */
  ThinkingBudget thinkingBudget(int maxTokens) {
    return new ThinkingBudget(
        maxTokens,
        tag(AnswerParts.THINK),
        tag(AnswerParts.END_OF_THINKING),
        Arrays.stream(tokenizer().encode(CLOSING_OF_A_THOUGHT)).boxed().toList());
  }

  private int tag(String tag) {
    int[] tokenIds = tokenizer().encode(tag);
    if (tokenIds.length != 1) {
      throw new IllegalStateException(
          folder + ": no token " + tag + ", so there are no thoughts to be measured");
    }
    return tokenIds[0];
  }

  /** The tokens whose text contains one of some breakers. */
  Set<Integer> dryBreakers(String... breakers) {
    for (String breaker : breakers) {
      if (breaker.isEmpty()) {
        throw new IllegalArgumentException("breakers must not contain an empty string, got \"\"");
      }
    }
    Set<Integer> tokenIds = new TreeSet<>();
    for (int tokenId = 0; tokenId < classes; tokenId++) {
      String text = tokenizer().decode(new int[] {tokenId});
      if (Arrays.stream(breakers).anyMatch(text::contains)) {
        tokenIds.add(tokenId);
      }
    }
    return tokenIds;
  }
}
