package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import java.util.Arrays;

/**
 * Two heads that look at the same vectors: what the first makes of one, and behind it what the
 * second makes. So a token that was read once is both classified and placed in space.
 */
public final class JoinedHead extends Head {
  private final Head first;
  private final Head second;

  JoinedHead(Engine engine, Head first, Head second) {
    super(engine);
    this.first = first;
    this.second = second;
  }

  /** The sizes of both together. */
  @Override
  public int size() {
    return first.size() + second.size();
  }

  @Override
  float[][] apply(Qwen3 transformer, Backend backend, int[] rows, Activations a) {
    float[][] joined = first.apply(transformer, backend, rows, a);
    float[][] behind = second.apply(transformer, backend, rows, a);
    for (int i = 0; i < rows.length; i++) {
      int from = joined[i].length;
      joined[i] = Arrays.copyOf(joined[i], from + behind[i].length);
      System.arraycopy(behind[i], 0, joined[i], from, behind[i].length);
    }
    return joined;
  }
}
