package io.github.nextclass.tokenizer;

/**
 * Token ids with the places in the original text that they come from. Places are char indices
 * (UTF-16 units, as {@link String#charAt} takes them), end exclusive. A token that holds a part of
 * a character has the whole character's place, so neighbours may share one. Where normalization
 * composed several characters, the place is the first one's; where it took one apart, all parts
 * have its place: the rules of Hugging Face, which counts code points instead. An id that the
 * tokenizer itself adds has the empty place 0..0. Behind a byte that the vocabulary has no token
 * for, places in the same word are too low: the reference's are, too.
 *
 * <p>Immutable: the arrays are copies.
 */
public final class Encoding {
  private final int[] ids;
  private final int[] starts;
  private final int[] ends;

  Encoding(int[] ids, int[] starts, int[] ends) {
    this.ids = ids;
    this.starts = starts;
    this.ends = ends;
  }

  /**
   * The number of tokens.
   *
   * @return at least 0
   */
  public int size() {
    return ids.length;
  }

  /**
   * The token ids.
   *
   * @return a new array
   */
  public int[] ids() {
    return ids.clone();
  }

  /**
   * One token id.
   *
   * @param index 0 to {@link #size()} - 1
   * @return the id
   */
  public int id(int index) {
    return ids[index];
  }

  /**
   * Where a token's text begins.
   *
   * @param index 0 to {@link #size()} - 1
   * @return char index in the original text
   */
  public int start(int index) {
    return starts[index];
  }

  /**
   * Where a token's text ends.
   *
   * @param index 0 to {@link #size()} - 1
   * @return char index in the original text, exclusive
   */
  public int end(int index) {
    return ends[index];
  }
}
