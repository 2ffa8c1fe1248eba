import org.jspecify.annotations.NullMarked;

/** Downloads models from the Hugging Face Hub into its standard cache. */
@NullMarked
module io.github.nextclass.hub {
  requires static org.jspecify;
  requires tools.jackson.core;
  requires transitive java.net.http;

  exports io.github.nextclass.hub;
}
