package io.github.nextclass.sampling;

import io.github.nextclass.engine.Qwen3Config;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** Whether a checkpoint gives embeddings, and from which token. */
final class PoolingConfig {
  private static final Path FILE = Path.of("1_Pooling", "config.json");
  private static final String LAST_TOKEN = "pooling_mode_lasttoken";

  private PoolingConfig() {}

  /**
   * Checks.
   *
   * @throws IllegalStateException if it cannot embed, or its sentence-transformers config asks for
   *     another pooling than that of the last token
   */
  static void requireLastToken(Path folder, Qwen3Config config) {
    if (config.score() != null) {
      throw new IllegalStateException(
          folder
              + ": a "
              + String.join(", ", config.architectures())
              + " cannot embed, its vectors are made for its labels; expected a Qwen3Model or a"
              + " Qwen3ForCausalLM");
    }
    Path file = folder.resolve(FILE);
    try {
      if (Files.isRegularFile(file) && !poolsLastToken(Files.readAllBytes(file))) {
        throw new IllegalStateException(
            file + ": " + LAST_TOKEN + " is not true, and no other pooling is supported");
      }
    } catch (JacksonException e) {
      throw new IllegalStateException(file + ": not valid JSON: " + JsonFailure.describe(e), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean poolsLastToken(byte[] json) {
    try (JsonParser parser = new JsonFactory().createParser(ObjectReadContext.empty(), json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return false;
      }
      boolean lastToken = false;
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        boolean wanted = LAST_TOKEN.equals(parser.currentName());
        JsonToken value = parser.nextToken();
        if (wanted) {
          lastToken = value == JsonToken.VALUE_TRUE;
        }
        parser.skipChildren();
      }
      return lastToken;
    }
  }
}
