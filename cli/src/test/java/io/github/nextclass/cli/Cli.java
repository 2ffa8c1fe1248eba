package io.github.nextclass.cli;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** What a command did: exit status and both streams. */
record Cli(int status, String out, String err) {
  static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  static final Path STORYTELLER = ROOT.resolve("models/storyteller");

  static Cli run(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status = Main.run(new PrintWriter(out), new PrintWriter(err), args);
    return new Cli(status, out.toString(), err.toString());
  }

  static Cli runWithInput(String input, String... args) {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
    try {
      return run(args);
    } finally {
      System.setIn(before);
    }
  }

  /** One of the tiny checkpoints that the engine is tested with; they have no tokenizer. */
  static String golden(String name) {
    return ROOT.resolve("engine/src/test/resources/golden").resolve(name).toString();
  }
}
