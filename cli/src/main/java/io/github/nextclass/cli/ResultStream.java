package io.github.nextclass.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;

/**
 * Standard output. A PrintWriter keeps quiet about errors and would let a command run on for nobody
 * when its reader has gone, as in {@code nextclass generate ... | head}, or when the disk is full;
 * unchecked exceptions pass through it.
 */
final class ResultStream extends FilterOutputStream {
  /** Whoever read the results has closed the pipe. */
  static final class ReaderGoneException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ReaderGoneException(IOException cause) {
      super(cause);
    }
  }

  ResultStream(OutputStream out) {
    super(out);
  }

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) {
    try {
      out.write(bytes, offset, length);
    } catch (IOException e) {
      // The JDK hands on the system's text for EPIPE and has no type for it.
      if (String.valueOf(e.getMessage()).contains("Broken pipe")) {
        throw new ReaderGoneException(e);
      }
      throw new UncheckedIOException(new IOException("standard output: " + e.getMessage(), e));
    }
  }
}
