package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nextclass.tokenizer.TokenizerFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextFilesTest {
  private static final Path STORYTELLER = Path.of("../models/storyteller");

  @TempDir private Path folder;

  @Test
  void readsWhatIsThere() throws IOException {
    TextFiles all = TextFiles.startReading(STORYTELLER).await();
    TextFiles none = TextFiles.startReading(folder).await();

    assertThat(all.tokenizer()).isNotNull();
    assertThat(all.chatTemplate()).isNotNull();
    assertThat(none.tokenizer()).isNull();
    assertThat(none.chatTemplate()).isNull();
  }

  @Test
  void failsAsTheReaderFailed() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": 1}");

    assertThatThrownBy(() -> TextFiles.startReading(folder).await())
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining("tokenizer.json");
  }

  @Test
  void anInterruptIsNotLost() throws IOException {
    Thread.currentThread().interrupt();
    TextFiles files = TextFiles.startReading(STORYTELLER).await();

    assertThat(Thread.interrupted()).isTrue();
    assertThat(files.tokenizer()).isNotNull();
  }
}
