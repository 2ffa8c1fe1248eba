import org.jspecify.annotations.NullMarked;

/**
 * The Qwen3 transformer over token ids: config, weights, KV cache, CPU kernels. Knows no text.
 *
 * <p>{@code jdk.incubator.vector} is resolved by itself on the module path. On the class path it
 * needs {@code --add-modules jdk.incubator.vector}; without it everything runs in scalar code.
 */
@NullMarked
module io.github.nextclass.engine {
  requires static org.jspecify;
  requires jdk.incubator.vector;
  requires jdk.management;
  requires tools.jackson.core;
  requires transitive io.github.nextclass.safetensors;

  exports io.github.nextclass.engine;
  exports io.github.nextclass.engine.backend;

  uses io.github.nextclass.engine.BackendProvider;
}
