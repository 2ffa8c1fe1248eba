package io.github.nextclass.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A message a line. Ctrl-C ends the program, as it does with every other one in a pipe. */
final class PipedMessages implements MessageSource {
  private final BufferedReader lines;

  PipedMessages(InputStream in) {
    lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
  }

  @Override
  public @Nullable String next() throws IOException {
    return lines.readLine();
  }

  @Override
  public void onInterrupt(Runnable action) {}

  @Override
  public void close() {} // standard input is not ours to close
}
