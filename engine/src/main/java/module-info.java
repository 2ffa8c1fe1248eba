import org.jspecify.annotations.NullMarked;

/** The Qwen3 transformer over token ids. Knows no text. */
@NullMarked
module io.github.nextclass.engine {
  requires static org.jspecify;
  requires jdk.incubator.vector;
  requires tools.jackson.core;
  requires transitive io.github.nextclass.safetensors;

  exports io.github.nextclass.engine;
}
