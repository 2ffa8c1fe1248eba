package io.github.nextclass.engine;

/** Takes the logits of one position after another. */
@FunctionalInterface
public interface LogitsVisitor {
  /**
   * Takes the scores of the class that follows a position.
   *
   * @param position the position in the sequence, from 0
   * @param logits the scores {@code [vocabSize]}, the visitor's to keep
   */
  void accept(int position, float[] logits);
}
