import org.jspecify.annotations.NullMarked;

/** Text to token ids and back, and the chat template. Knows no tensors. */
@NullMarked
module io.github.nextclass.tokenizer {
  requires static org.jspecify;
  requires tools.jackson.core;

  exports io.github.nextclass.tokenizer;
}
