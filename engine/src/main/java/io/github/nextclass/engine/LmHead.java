package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.Buffer;
import io.github.nextclass.engine.backend.Linear;
import io.github.nextclass.engine.backend.Step;
import java.util.stream.IntStream;

/**
 * The LM head: a linear classifier whose classes are the tokens, or some of them.
 *
 * <pre>
 *   logits[c] = lmHead[c] . x          c: a class, x: the vector after the last token
 * </pre>
 *
 * <p>A question with two answers costs two rows of the matrix, not 151,936. The score of a class is
 * the same, to the bit, whichever other classes are asked for.
 */
public final class LmHead extends Head {
  private final Linear linear;

  LmHead(Engine engine, Linear linear) {
    super(engine);
    this.linear = linear;
  }

  @Override
  public int size() {
    return linear.weight().rows();
  }

  @Override
  float[][] apply(Qwen3 transformer, Backend backend, int[] rows, Activations a) {
    return read(backend, transformer.head(linear, rows, a), rows.length);
  }

  /** Leaves the best of so many classes for each of some rows in {@link Activations#chosen}. */
  void choose(
      Qwen3 transformer, Backend backend, int classes, int[] rows, Step step, Activations a) {
    backend.choose(transformer.head(linear, rows, a), classes, rows, step, a.chosen());
  }

  /** The first rows of a buffer. */
  static float[][] read(Backend backend, Buffer buffer, int rows) {
    return IntStream.range(0, rows)
        .mapToObj(row -> backend.read(buffer, row))
        .toArray(float[][]::new);
  }
}
