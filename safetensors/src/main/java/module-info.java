import org.jspecify.annotations.NullMarked;

/** The safetensors file format: validated reader over mapped memory, writer, sharded index. */
@NullMarked
module io.github.nextclass.safetensors {
  requires static org.jspecify;
  requires tools.jackson.core;

  exports io.github.nextclass.safetensors;
}
