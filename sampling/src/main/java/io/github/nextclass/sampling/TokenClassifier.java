package io.github.nextclass.sampling;

/**
 * A sequence classifier: it reads a prefix of tokens and scores every class that the prefix may
 * belong to, and the classes are the tokens that may come next.
 *
 * <p>This is all that decoding knows of a language model. The engine's session is one
 * implementation, a table of numbers in a test is another.
 *
 * <p>An instance holds the prefix that it has read and belongs to one thread at a time.
 */
public interface TokenClassifier {

  /**
   * Returns how many classes there are. Class {@code i} is the token with id {@code i}.
   *
   * @return the number of classes, at least 1
   */
  int classes();

  /**
   * Returns how many tokens of the prefix have been read.
   *
   * @return the length of the prefix, 0 to {@link #capacity()}
   */
  int position();

  /**
   * Returns how many tokens the prefix may have at most.
   *
   * @return the longest possible prefix, in tokens
   */
  int capacity();

  /**
   * Appends tokens to the prefix and classifies it.
   *
   * @param tokenIds the tokens to append, at least one, each 0 to {@link #classes()} - 1
   * @return the scores (logits) of the classes for the prefix as it is now. There may be more
   *     scores than classes: a weight matrix can have padding rows behind the last token. The
   *     caller only reads the array, and not after the next call
   */
  float[] classify(int... tokenIds);

  /**
   * Returns how many tokens of a long prefix to read at a time. Between two pieces a generation can
   * be stopped.
   *
   * @return at least 1; by default 256
   */
  default int pieceLength() {
    return 256;
  }

  /**
   * Appends tokens to the prefix and asks no question. A long prefix is read in such pieces.
   *
   * @param tokenIds the tokens to append, at least one, each 0 to {@link #classes()} - 1
   */
  default void read(int... tokenIds) {
    classify(tokenIds);
  }
}
