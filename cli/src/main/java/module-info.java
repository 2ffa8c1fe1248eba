import org.jspecify.annotations.NullMarked;

/** The nextclass command. */
@NullMarked
module io.github.nextclass.cli {
  requires static org.jspecify;
  requires info.picocli;
  requires io.github.nextclass.sampling;
  requires org.jline;
  requires tools.jackson.core;
  requires tools.jackson.databind;

  opens io.github.nextclass.cli to
      info.picocli;
}
