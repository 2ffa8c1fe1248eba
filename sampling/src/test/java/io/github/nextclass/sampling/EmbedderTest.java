package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.nextclass.engine.Session;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The recipe around the pooler; the pooler itself is compared with the reference in the engine. */
class EmbedderTest {
  private static final int END = 256; // <|endoftext|> of the byte model

  @TempDir Path folder;

  private LanguageModel load() throws IOException {
    return LanguageModel.load(
        Checkpoints.writeByteModel(folder), LanguageModelOptions.defaults().withContextLength(200));
  }

  private static float[] vector(LanguageModel model, String text, int dimension) {
    int[] tokenIds = model.encode(text);
    int[] withEnd = Arrays.copyOf(tokenIds, tokenIds.length + 1);
    withEnd[tokenIds.length] = END;
    try (Session session = model.engine().newSession(withEnd.length)) {
      return session.forward(withEnd, model.engine().pooler(dimension));
    }
  }

  @Test
  void theVectorIsThatOfTheEndToken() throws IOException {
    try (LanguageModel model = load()) {
      assertThat(model.embed("some text")).containsExactly(vector(model, "some text", 64));
      Embedder shorter = model.embedder(10);
      assertThat(shorter.dimension()).isEqualTo(10);
      float[] v = shorter.embed("some text");
      assertThat(v).containsExactly(vector(model, "some text", 10));
      double squares = 0;
      for (float value : v) {
        squares += (double) value * value;
      }
      assertThat(squares).isCloseTo(1, within(1e-6));
    }
  }

  @Test
  void aQuerySaysWhatItIsFor() throws IOException {
    try (LanguageModel model = load()) {
      assertThat(model.embedder().embedQuery("Find it", "what?"))
          .containsExactly(vector(model, "Instruct: Find it\nQuery:what?", 64));
    }
  }

  @Test
  void manyTextsAreAsOne() throws IOException {
    try (LanguageModel model = load()) {
      List<String> texts = List.of("one", "on and on", "one and one", "x".repeat(150), "z");
      List<float[]> together = model.embedder().embed(texts);
      assertThat(together).hasSameSizeAs(texts);
      for (int i = 0; i < texts.size(); i++) {
        assertThat(together.get(i)).containsExactly(vector(model, texts.get(i), 64));
      }
    }
  }

  @Test
  void whatCannotBeEmbeddedIsRefused() throws IOException {
    try (LanguageModel model = load()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.embedder(65))
          .withMessage("dimension is 65, expected 1 to 64");
      assertThatIllegalArgumentException().isThrownBy(() -> model.embedder(0));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.embed(""))
          .withMessage("the text is empty");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.embedder().embedQueries("t", List.of("a", "")))
          .withMessage("text 2 of 2 is empty");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.embed("x".repeat(200)))
          .withMessageContaining("too long: 201 tokens");
    }
  }

  @Test
  void aModelThatMakesNoNumbersIsReported() throws IOException {
    Checkpoints.writeByteModel(folder);
    try (FileChannel weights =
        FileChannel.open(folder.resolve("model.safetensors"), StandardOpenOption.WRITE)) {
      ByteBuffer nan = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(Float.NaN);
      weights.write(nan.flip(), weights.size() - 4); // the last weight of the last norm
    }
    try (LanguageModel model = LanguageModel.load(folder)) {
      assertThatThrownBy(() -> model.embed("text"))
          .isExactlyInstanceOf(NumericException.class)
          .hasMessageEndingWith("of 64 components of the vector are NaN");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"pooling_mode_mean_tokens\": true, \"pooling_mode_lasttoken\": false}",
        "{\"pooling_mode_cls_token\": {\"pooling_mode_lasttoken\": true}}",
        "{",
        "[]"
      })
  void aCheckpointThatPoolsOtherwiseCannotEmbed(String pooling) throws IOException {
    try (LanguageModel model = load()) {
      Path file = Files.createDirectory(folder.resolve("1_Pooling")).resolve("config.json");
      Files.writeString(file, "{\"pooling_mode_lasttoken\": true}");
      assertThat(model.embed("a")).hasSize(64);
      Files.writeString(file, pooling);
      assertThatIllegalStateException()
          .isThrownBy(() -> model.embed("a"))
          .withMessageStartingWith(file + ": ");
    }
  }
}
