package io.github.nextclass.sampling;

import io.github.nextclass.tokenizer.EncodeOptions;
import io.github.nextclass.tokenizer.Prompt;
import io.github.nextclass.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;

/** Texts from people to tokens: no control token comes out of them, and mistakes are refused. */
final class TextEncoding {
  private static final EncodeOptions CONTENT =
      EncodeOptions.defaults().withRecognizeAddedTokens(false);

  private final Tokenizer tokenizer;
  private final int contextLength;

  TextEncoding(Tokenizer tokenizer, int contextLength) {
    this.tokenizer = tokenizer;
    this.contextLength = contextLength;
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  /** With what the tokenizer puts before and behind a text. */
  int[] encode(String text) {
    return tokenizer.encode(text, CONTENT);
  }

  int[] encode(List<Prompt.Part> parts) {
    return tokenizer.encode(Prompt.of(parts));
  }

  static void requireText(List<String> texts) {
    for (int i = 0; i < texts.size(); i++) {
      if (texts.get(i).isEmpty()) {
        throw new IllegalArgumentException(name(i, texts.size()) + " is empty");
      }
    }
  }

  /**
   * Checks that a prompt fits.
   *
   * @param room tokens that come behind it
   * @param index which of the texts it is of
   * @param count how many texts there are
   */
  void requireFits(int[] prompt, int room, int index, int count) {
    long tokens = (long) prompt.length + room;
    if (tokens > contextLength) {
      throw new IllegalArgumentException(
          "%s is too long: %d tokens with its prompt, the context holds %d"
              .formatted(name(index, count), tokens, contextLength));
    }
  }

  private static String name(int index, int count) {
    return count == 1 ? "the text" : "text " + (index + 1) + " of " + count;
  }

  static int[] concat(int[]... parts) {
    return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
  }
}
