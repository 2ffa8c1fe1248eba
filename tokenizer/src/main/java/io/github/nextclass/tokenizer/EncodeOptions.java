package io.github.nextclass.tokenizer;

/**
 * How text is encoded. Immutable; {@link #defaults()} is what Hugging Face's {@code encode(text)}
 * does.
 *
 * @param recognizeAddedTokens whether the literal text of an added token, such as {@code
 *     <|im_end|>}, becomes that token; if not, every character is ordinary text. Turn it off for
 *     text from people who must not write control tokens
 * @param addSpecialTokens whether the ids that the tokenizer's post-processor asks for are put
 *     before and behind the text (Qwen3-Embedding: {@code <|endoftext|>} behind; Qwen3: nothing)
 * @param strict whether a lone surrogate, which no UTF-8 text can hold, is an error; if not, it is
 *     read as U+FFFD
 */
public record EncodeOptions(
    boolean recognizeAddedTokens, boolean addSpecialTokens, boolean strict) {
  private static final EncodeOptions DEFAULTS = new EncodeOptions(true, true, false);

  /**
   * Added tokens recognised, special tokens added, lone surrogates replaced.
   *
   * @return the defaults
   */
  public static EncodeOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Changes {@link #recognizeAddedTokens()}.
   *
   * @param value the new value
   * @return changed options
   */
  public EncodeOptions withRecognizeAddedTokens(boolean value) {
    return new EncodeOptions(value, addSpecialTokens, strict);
  }

  /**
   * Changes {@link #addSpecialTokens()}.
   *
   * @param value the new value
   * @return changed options
   */
  public EncodeOptions withAddSpecialTokens(boolean value) {
    return new EncodeOptions(recognizeAddedTokens, value, strict);
  }

  /**
   * Changes {@link #strict()}.
   *
   * @param value the new value
   * @return changed options
   */
  public EncodeOptions withStrict(boolean value) {
    return new EncodeOptions(recognizeAddedTokens, addSpecialTokens, value);
  }
}
