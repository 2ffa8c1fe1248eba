import org.jspecify.annotations.NullMarked;

/** Text generation as repeated sequence classification. */
@NullMarked
module io.github.nextclass.sampling {
  requires static org.jspecify;
  requires tools.jackson.core;
  requires transitive io.github.nextclass.engine;
  requires transitive io.github.nextclass.tokenizer;

  exports io.github.nextclass.sampling;
  exports io.github.nextclass.sampling.structure;
}
