package io.github.nextclass.cli;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Session;
import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code nextclass logits}: the scores of all classes after each position. They are a megabyte for
 * every two positions, so they go through a temporary file beside the result instead of the heap.
 */
@Command(
    name = "logits",
    description = "Write the scores of all classes after each token of a sequence.")
final class LogitsCommand extends CliCommand {
  @Mixin private final ModelOptions model = new ModelOptions();

  @Option(
      names = "--tokens",
      required = true,
      split = ",",
      paramLabel = "ID",
      description = "The sequence, as token ids.")
  private int[] tokens = {};

  @SuppressWarnings("NullAway.Init") // required
  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "A safetensors file to write: tensor 'logits', F32 [positions, vocab_size].")
  private Path file;

  @Override
  void run() throws IOException {
    try (Engine engine = Engine.load(model.folder(), model.engineOptions());
        Session session = engine.newSession(tokens.length);
        RowFile rows = new RowFile(file)) {
      session.forward(tokens, (position, logits) -> rows.append(logits));
      long[] shape = {tokens.length, engine.config().vocabSize()};
      new SafetensorsWriter().add("logits", DType.F32, shape, rows::mapped).write(file);
    }
  }

  /** Rows of floats in a temporary file. */
  private static final class RowFile implements AutoCloseable {
    private final FileChannel channel;
    private final Arena arena = Arena.ofConfined();
    private ByteBuffer bytes = ByteBuffer.allocate(0);

    RowFile(Path besides) throws IOException {
      Path folder = besides.toAbsolutePath().getParent();
      if (folder == null || Files.isDirectory(besides)) {
        throw new IOException(besides + ": is a folder, expected the name of a file");
      }
      if (Files.exists(besides) && !Files.isRegularFile(besides)) {
        throw new IOException(besides + ": not a regular file");
      }
      if (!Files.isDirectory(folder)) {
        throw new NoSuchFileException(besides.toString());
      }
      channel =
          FileChannel.open(
              Files.createTempFile(folder, "nextclass-logits-", ".tmp"),
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.DELETE_ON_CLOSE);
    }

    void append(float[] row) {
      int rowBytes = Math.multiplyExact(row.length, Float.BYTES);
      if (bytes.capacity() != rowBytes) {
        bytes = ByteBuffer.allocate(rowBytes).order(LITTLE_ENDIAN);
      }
      bytes.clear();
      bytes.asFloatBuffer().put(row);
      try {
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    MemorySegment mapped() {
      try {
        return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() throws IOException {
      arena.close();
      channel.close();
    }
  }
}
