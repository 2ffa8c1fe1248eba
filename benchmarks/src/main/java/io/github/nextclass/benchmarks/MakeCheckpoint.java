package io.github.nextclass.benchmarks;

import io.github.nextclass.cli.ModelShape;
import io.github.nextclass.cli.RandomCheckpoint;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes random weights of the 0.6B shape for several measurements of one report. */
public final class MakeCheckpoint {
  private MakeCheckpoint() {}

  /**
   * Writes them.
   *
   * @param args the folder, which must be there
   * @throws IOException if there is no room
   */
  public static void main(String[] args) throws IOException {
    try (RandomCheckpoint checkpoint = RandomCheckpoint.create(ModelShape.B0_6);
        DirectoryStream<Path> files = Files.newDirectoryStream(checkpoint.folder())) {
      for (Path file : files) {
        Files.copy(file, Path.of(args[0]).resolve(String.valueOf(file.getFileName())));
      }
    }
  }
}
