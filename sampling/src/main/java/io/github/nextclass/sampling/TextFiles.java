package io.github.nextclass.sampling;

import io.github.nextclass.tokenizer.ChatTemplate;
import io.github.nextclass.tokenizer.Tokenizer;
import io.github.nextclass.tokenizer.TokenizerFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a checkpoint says about text: all of its files but config and weights.
 *
 * @param tokenizer null if there is none
 * @param chatTemplate null if there is none that is known
 * @param decoding the settings of generation_config.json
 */
record TextFiles(
    @Nullable Tokenizer tokenizer, @Nullable ChatTemplate chatTemplate, Decoding decoding) {
  private static final System.Logger LOG = System.getLogger(TextFiles.class.getName());

  /**
   * Reads them on another thread. A vocabulary takes about as long as everything that is done with
   * the weights before the first token.
   */
  static Reading startReading(Path folder) {
    FutureTask<TextFiles> task = new FutureTask<>(() -> read(folder));
    Thread.ofPlatform().daemon().name("nextclass-read-tokenizer").start(task);
    return new Reading(task);
  }

  /** Reading that has begun. It ends by itself, whether anyone waits for it or not. */
  record Reading(FutureTask<TextFiles> task) {
    /** Waits for the end. An interrupt is left for the caller to notice. */
    TextFiles await() throws IOException {
      boolean interrupted = false;
      try {
        while (true) {
          try {
            return task.get();
          } catch (InterruptedException e) {
            interrupted = true;
          }
        }
      } catch (ExecutionException e) {
        switch (e.getCause()) {
          case IOException cause -> throw cause;
          case RuntimeException cause -> throw cause;
          case Error cause -> throw cause;
          case null, default -> throw new AssertionError(e);
        }
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  private static TextFiles read(Path folder) throws IOException {
    Tokenizer tokenizer = hasTokenizer(folder) ? Tokenizer.load(folder) : null;
    return new TextFiles(
        tokenizer, loadChatTemplate(folder), Decoding.fromGenerationConfig(folder));
  }

  private static boolean hasTokenizer(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> String.valueOf(file.getFileName()))
          .anyMatch(name ->
              name.equals("tokenizer.json")
                  || name.equals("vocab.json")
                  || name.endsWith(".tiktoken"));
    }
  }

  /** A checkpoint without a chat template, or with an unknown one, generates all the same. */
  private static @Nullable ChatTemplate loadChatTemplate(Path folder) throws IOException {
    try {
      return ChatTemplate.load(folder);
    } catch (NoSuchFileException e) {
      return null;
    } catch (TokenizerFormatException e) {
      LOG.log(System.Logger.Level.INFO, "no chat with this checkpoint: {0}", e.getMessage());
      return null;
    }
  }
}
