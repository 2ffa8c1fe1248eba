package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import java.util.Arrays;

/**
 * No classifier at all: the vector after a token, as the place of the text in a space where near
 * means alike.
 *
 * <pre>
 *   embedding = v / max(|v|, 1e-12)        v = x[0 .. dimension - 1]
 * </pre>
 *
 * <p>After the last token the vector has seen the whole text: last-token pooling. A shorter vector
 * is the beginning of the longer one, for models that are trained so (Matryoshka representation
 * learning, Kusupati et al., 2022), as Qwen3-Embedding is. Source: the model card of
 * Qwen3-Embedding; {@code torch.nn.functional.normalize}.
 */
public final class Pooler extends Head {
  private static final double SMALLEST_NORM = 1e-12;

  private final int dimension;

  Pooler(Engine engine, int dimension) {
    super(engine);
    this.dimension = dimension;
  }

  /**
   * The length of the vectors.
   *
   * @return from 1 to hiddenSize
   */
  @Override
  public int size() {
    return dimension;
  }

  @Override
  float[][] apply(Qwen3 transformer, Backend backend, int[] rows, Activations a) {
    return Arrays.stream(rows)
        .mapToObj(row -> normalized(Arrays.copyOf(backend.read(a.normed, row), dimension)))
        .toArray(float[][]::new);
  }

  private static float[] normalized(float[] v) {
    double squares = 0;
    for (float value : v) {
      squares += (double) value * value;
    }
    double norm = Math.max(Math.sqrt(squares), SMALLEST_NORM);
    for (int i = 0; i < v.length; i++) {
      v[i] = (float) (v[i] / norm);
    }
    return v;
  }
}
