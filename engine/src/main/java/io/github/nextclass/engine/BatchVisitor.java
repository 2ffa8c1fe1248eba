package io.github.nextclass.engine;

/** Takes what a head makes of one token of a batch after another. */
@FunctionalInterface
public interface BatchVisitor {
  /**
   * Takes the result for a token.
   *
   * @param sequence which sequence of the batch, from 0
   * @param position the token's position in it, from 0
   * @param result what the head made, {@code [head.size()]}, the visitor's to keep
   */
  void accept(int sequence, int position, float[] result);
}
