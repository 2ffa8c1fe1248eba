package io.github.nextclass.sampling;

import java.util.Locale;

/** Why a class was chosen, among those that the filters left. */
public sealed interface Choice {

  /**
   * Says it in words.
   *
   * @return a clause such as {@code the best class}
   */
  String reason();

  /** It had the highest score; of equal ones the lowest id. */
  record Best() implements Choice {
    @Override
    public String reason() {
      return "the best class";
    }
  }

  /** The filters left no other. */
  record Only() implements Choice {
    @Override
    public String reason() {
      return "the only class left";
    }
  }

  /**
   * It was drawn: the classes share the numbers from 0 to 1 by their probabilities, in the order of
   * their ids, and the number drawn was one of its.
   *
   * @param number the number drawn, 0 to 1
   * @param from where the numbers of the class begin
   * @param to where they end
   */
  record Drawn(double number, double from, double to) implements Choice {
    @Override
    public String reason() {
      return String.format(
          Locale.ROOT, "drawn: %.4f falls in its share, %.4f to %.4f", number, from, to);
    }
  }

  /**
   * It won a contrastive search.
   *
   * @param probability of the class
   * @param similarity of its vector to the most similar one before it, -1 to 1
   * @param score the former less the latter, weighted
   */
  record Contrastive(double probability, double similarity, double score) implements Choice {
    @Override
    public String reason() {
      return String.format(
          Locale.ROOT,
          "probable enough (%.4f) and unlike what is there (similarity %.4f): score %.4f",
          probability,
          similarity,
          score);
    }
  }

  /**
   * It continues a sequence that a beam search found.
   *
   * @param rank of the sequence with it among all continuations of the step, from 0
   * @param score of the sequence with it, the sum of its log-probabilities
   */
  record Beam(int rank, double score) implements Choice {
    @Override
    public String reason() {
      return String.format(
          Locale.ROOT,
          "with it the sequence is number %d of all continuations, log-probability %.4f",
          rank + 1,
          score);
    }
  }
}
