package io.github.nextclass.sampling;

import java.util.List;

/**
 * A classifier that also shows the vectors that it makes its scores from. What asks how alike two
 * prefixes are needs one: contrastive search.
 *
 * <p>All vectors have length 1, so that their dot product is the cosine of the angle between them.
 */
public interface VectorClassifier extends BranchingClassifier {

  /**
   * What is said of a prefix.
   *
   * @param scores as of {@link #classify}, {@code [classes or more]}
   * @param vector what they were made from
   */
  record Answer(float[] scores, float[] vector) {}

  /**
   * Appends tokens to the prefix and asks for no class.
   *
   * @param tokenIds the tokens to append, at least one
   * @return the vector after each token {@code [tokens][size]}
   */
  float[][] readVectors(int... tokenIds);

  /**
   * Appends one token to each of several classifiers, classifies their prefixes, and shows the
   * vectors.
   *
   * @param batch branches of the same model as this one, none twice; this one may be among them
   * @param tokenIds a token for each
   * @return an answer for each
   */
  List<Answer> answerTogether(List<? extends BranchingClassifier> batch, int... tokenIds);

  /**
   * Goes on as one of its branches, which is closed.
   *
   * @param branch a fork of this one
   */
  void adopt(BranchingClassifier branch);
}
