package io.github.nextclass.docs.pictures;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** All pictures of the documentation. */
public final class Pictures {
  static final Path MODEL = Path.of("models/storyteller");

  private Pictures() {}

  /**
   * Draws them all, from runs of the shipped model and from measured data.
   *
   * @return the SVG of each file name
   * @throws IOException if the model or data cannot be read
   */
  public static Map<String, String> draw() throws IOException {
    Map<String, String> pictures = new TreeMap<>();
    pictures.putAll(Diagrams.draw());
    pictures.putAll(ModelPictures.draw());
    pictures.putAll(StrategyPictures.draw());
    pictures.putAll(SpeedPictures.draw());
    return pictures;
  }
}
