package io.github.nextclass.sampling;

import java.util.List;

/**
 * A classifier whose prefix can be branched, taken back, and asked about at every position. What
 * compares several continuations needs one: beam search, several samples of one prompt, guessing
 * ahead.
 *
 * <pre>
 *   read(a, b, c)                    a b c
 *   fork()                           a b c      a b c
 *   classifyTogether(d, e)           a b c d    a b c e        one question to both
 *   truncate(3)                      a b c      a b c e
 * </pre>
 *
 * <p>The default methods say what the answers are, one question after the other. A model that can
 * answer several at once overrides them, and gives the same numbers to the bit.
 */
public interface BranchingClassifier extends TokenClassifier, AutoCloseable {

  /**
   * Appends tokens to the prefix and classifies it after each of them.
   *
   * @param tokenIds the tokens to append, at least one
   * @return for each token the scores as of {@link #classify}, {@code [tokens][classes or more]};
   *     unlike there, they stay valid
   */
  default float[][] classifyEach(int... tokenIds) {
    float[][] scores = new float[tokenIds.length][];
    for (int i = 0; i < tokenIds.length; i++) {
      scores[i] = classify(tokenIds[i]).clone();
    }
    return scores;
  }

  /**
   * Appends one token to each of several classifiers and classifies their prefixes.
   *
   * @param batch branches of the same model as this one, none twice; this one may be among them
   * @param tokenIds a token for each
   * @return for each branch the scores as of {@link #classify}, {@code [branches][classes or
   *     more]}; unlike there, they stay valid
   */
  default float[][] classifyTogether(List<? extends BranchingClassifier> batch, int... tokenIds) {
    float[][] scores = new float[tokenIds.length][];
    for (int i = 0; i < tokenIds.length; i++) {
      scores[i] = batch.get(i).classify(tokenIds[i]).clone();
    }
    return scores;
  }

  /**
   * Takes the end of the prefix back.
   *
   * @param length how many tokens to keep, 0 to {@link #position()}
   */
  void truncate(int length);

  /**
   * Returns a classifier of its own with the same prefix. Neither sees what the other reads
   * afterwards.
   *
   * @return the branch, to be closed
   */
  BranchingClassifier fork();

  /** Gives the memory of the prefix back. Closing twice does nothing. */
  @Override
  void close();
}
