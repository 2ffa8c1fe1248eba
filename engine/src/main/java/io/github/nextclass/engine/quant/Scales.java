package io.github.nextclass.engine.quant;

import io.github.nextclass.safetensors.Tensor;
import java.util.function.Consumer;

/** What every format asks of its scales. */
final class Scales {
  private Scales() {}

  /** A scale that is infinite or NaN spoils every weight of its group. */
  static void checkFinite(Tensor scales, Consumer<String> problems) {
    for (long i = 0; i < scales.elementCount(); i++) {
      float scale = scales.floatAt(i);
      if (!Float.isFinite(scale)) {
        problems.accept(
            scales.name() + " holds " + scale + " at index " + i + ", expected finite scales");
        return;
      }
    }
  }
}
