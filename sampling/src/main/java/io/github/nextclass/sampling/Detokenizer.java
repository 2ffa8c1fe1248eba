package io.github.nextclass.sampling;

import io.github.nextclass.sampling.structure.TokenTrie;
import java.util.Optional;

/**
 * Turns the chosen tokens into text, piece by piece. The pieces put together are the text; a piece
 * never ends inside a character, so it may be empty while a character is not yet complete.
 *
 * <p>An instance holds the bytes of an unfinished character and belongs to one generation.
 */
public interface Detokenizer {

  /**
   * Takes the next token.
   *
   * @param tokenId the token
   * @return the text that is complete now, perhaps empty
   */
  String append(int tokenId);

  /**
   * Ends the text.
   *
   * @return what is left, where a character that stayed unfinished shows as a replacement
   *     character; perhaps empty
   */
  String flush();

  /**
   * Returns the bytes of all tokens, which a constraint needs.
   *
   * @return the tokens as a trie, the same one for each generation; empty, as here, if they are not
   *     known
   */
  default Optional<TokenTrie> tokenTrie() {
    return Optional.empty();
  }

  /**
   * Returns a detokenizer for work on ids alone: all text is empty.
   *
   * @return a detokenizer without text
   */
  static Detokenizer none() {
    return NoText.INSTANCE;
  }
}
