import org.jspecify.annotations.NullMarked;

/** The nextclass command. */
@NullMarked
module io.github.nextclass.cli {
  requires static org.jspecify;
  requires io.github.nextclass.sampling;
  requires info.picocli;
  requires org.jline;
  requires tools.jackson.core;
  requires tools.jackson.databind;
}
