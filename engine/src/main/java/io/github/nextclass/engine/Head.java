package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;

/**
 * What is made of the vectors that the body of the transformer gives: the last part of a model. One
 * body, several heads: {@link LmHead} scores tokens, {@link ScoreHead} labels, and {@link Pooler}
 * gives out the vector itself; {@link JoinedHead} asks two of them.
 *
 * <p>Heads come from an {@link Engine}, belong to it, and are immutable and safe for use by several
 * threads.
 */
public abstract sealed class Head permits LmHead, ScoreHead, Pooler, JoinedHead {
  private final Engine engine;

  Head(Engine engine) {
    this.engine = engine;
  }

  /**
   * The number of floats that this head makes for a token.
   *
   * @return classes, labels or dimensions; at least 1
   */
  public abstract int size();

  /** The result for each of some rows of the last step, {@code [rows][size]}; a few at a time. */
  abstract float[][] apply(Qwen3 transformer, Backend backend, int[] rows, Activations a);

  final void checkBelongsTo(Engine to) {
    if (engine != to) {
      throw new IllegalArgumentException("the head is of another engine than the session");
    }
  }
}
