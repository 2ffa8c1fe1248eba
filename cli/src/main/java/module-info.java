import org.jspecify.annotations.NullMarked;

/** The nextclass command. */
@NullMarked
module io.github.nextclass.cli {
  requires static org.jspecify;
  requires info.picocli;
  requires io.github.nextclass.hub;
  requires io.github.nextclass.sampling;
  requires java.management;
  requires org.jline.reader;
  requires tools.jackson.core;

  opens io.github.nextclass.cli to
      info.picocli;

  provides System.LoggerFinder with
      io.github.nextclass.cli.ErrorLog;
}
