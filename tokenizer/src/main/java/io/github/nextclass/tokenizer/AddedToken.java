package io.github.nextclass.tokenizer;

import java.util.Objects;

/**
 * A token that is matched as literal text before the byte-level BPE sees the text: one entry of
 * {@code added_tokens} in tokenizer.json, or of {@code added_tokens_decoder} in
 * tokenizer_config.json.
 *
 * @param id the token id, at least 0
 * @param content the literal text, not empty
 * @param singleWord matched only where no word character stands before or after it
 * @param lstrip takes the white space before it along
 * @param rstrip takes the white space after it along
 * @param normalized matched in the normalized text, not in the raw text
 * @param special left out of decoded text when special tokens are skipped
 */
public record AddedToken(
    int id,
    String content,
    boolean singleWord,
    boolean lstrip,
    boolean rstrip,
    boolean normalized,
    boolean special) {

  /**
   * Checks the fields.
   *
   * @throws IllegalArgumentException if the id is negative or the content empty
   */
  public AddedToken {
    Objects.requireNonNull(content, "content");
    if (id < 0) {
      throw new IllegalArgumentException("added token id must be at least 0, found " + id);
    }
    if (content.isEmpty()) {
      throw new IllegalArgumentException("added token " + id + " has an empty content");
    }
  }

  /**
   * A token that is matched literally in the raw text, as all of Qwen's are.
   *
   * @param id the token id, at least 0
   * @param content the literal text, not empty
   * @param special left out of decoded text when special tokens are skipped
   * @return the token, with every other flag off
   */
  public static AddedToken literal(int id, String content, boolean special) {
    return new AddedToken(id, content, false, false, false, false, special);
  }
}
