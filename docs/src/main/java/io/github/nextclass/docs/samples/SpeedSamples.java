package io.github.nextclass.docs.samples;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.PrimitivesChoice;
import io.github.nextclass.engine.Session;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/** The samples of chapter 8. */
final class SpeedSamples {
  private static final Path folder = Path.of("models/storyteller");

  private SpeedSamples() {}

  static void limits() {
    // @start region=limits
    double weightBytes = 1.19e9; // Qwen3-0.6B in BF16
    double bytesPerSecond = 31e9; // what two cores of the test machine read
    double flopPerToken = 0.88e9; // two for each weight of the layers
    double flopPerSecond = 230e9;
    System.out.printf("decode %.0f tokens/s at most%n", bytesPerSecond / weightBytes);
    System.out.printf("prompt %.0f tokens/s at most%n", flopPerSecond / flopPerToken);
    // @end
  }

  static void sameBits() throws IOException {
    // @start region=sameBits
    float[][] scores = new float[2][];
    PrimitivesChoice[] choices = {PrimitivesChoice.SCALAR, PrimitivesChoice.VECTOR};
    for (int i = 0; i < 2; i++) {
      EngineOptions options = EngineOptions.defaults().withPrimitives(choices[i]);
      try (Engine engine = Engine.load(folder, options);
          Session session = engine.newSession(8)) {
        scores[i] = session.forward(570, 571, 259);
      }
    }
    System.out.println(Arrays.equals(scores[0], scores[1]));
    // @end
  }
}
