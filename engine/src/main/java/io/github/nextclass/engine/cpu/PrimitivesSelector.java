package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.PrimitivesChoice;
import io.github.nextclass.engine.Qwen3Config;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the primitives. No class that needs the incubator module is touched before it is known to
 * be there.
 */
final class PrimitivesSelector {
  private static final System.Logger LOG = System.getLogger(PrimitivesSelector.class.getName());
  private static final String MODULE = "jdk.incubator.vector";

  /** The vector kernels have no tails. Every published Qwen3 fits. */
  private static final int ROW_MULTIPLE = 64;

  private PrimitivesSelector() {}

  static Primitives select(PrimitivesChoice choice, Qwen3Config config) {
    if (choice == PrimitivesChoice.SCALAR) {
      return new ScalarPrimitives();
    }
    String obstacle = obstacle(config);
    if (obstacle == null) {
      return new VectorPrimitives();
    }
    if (choice == PrimitivesChoice.VECTOR) {
      throw new IllegalStateException("the Vector API cannot be used: " + obstacle);
    }
    LOG.log(
        System.Logger.Level.WARNING, "running in scalar code, several times slower: {0}", obstacle);
    return new ScalarPrimitives();
  }

  static boolean vectorModuleIsThere() {
    ModuleLayer layer = PrimitivesSelector.class.getModule().getLayer();
    return ModuleLayer.boot().findModule(MODULE).isPresent()
        || (layer != null && layer.findModule(MODULE).isPresent());
  }

  private static @Nullable String obstacle(Qwen3Config config) {
    if (!vectorModuleIsThere()) {
      return "start Java with --add-modules " + MODULE;
    }
    if (IntStream.of(config.hiddenSize(), config.intermediateSize(), config.queryWidth())
        .anyMatch(n -> n % ROW_MULTIPLE != 0)) {
      return "hidden_size, intermediate_size and num_attention_heads * head_dim are not all multiples of "
          + ROW_MULTIPLE;
    }
    if (config.headDim() % Lane.COUNT != 0) {
      return "head_dim " + config.headDim() + " is not a multiple of " + Lane.COUNT;
    }
    return null;
  }
}
