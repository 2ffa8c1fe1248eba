package io.github.nextclass.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nextclass.docs.pictures.Pictures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The pictures show what the model says today. {@code docs/write} draws them again. */
class PicturesTest {
  private static final Path FOLDER = Path.of("docs/pictures");

  @Test
  void everyPictureIsWhatARunGives() throws IOException {
    Map<String, String> pictures = Pictures.draw();
    if (Boolean.getBoolean("docs.write")) {
      Files.createDirectories(FOLDER);
      for (var picture : pictures.entrySet()) {
        Files.writeString(FOLDER.resolve(picture.getKey()), picture.getValue());
      }
    }
    for (var picture : pictures.entrySet()) {
      assertThat(Files.readString(FOLDER.resolve(picture.getKey())))
          .as("docs/pictures/%s: run docs/write, and look at it", picture.getKey())
          .isEqualTo(picture.getValue());
    }
    try (Stream<Path> files = Files.list(FOLDER)) {
      Set<String> names =
          files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
      assertThat(names).isEqualTo(pictures.keySet());
    }
  }
}
