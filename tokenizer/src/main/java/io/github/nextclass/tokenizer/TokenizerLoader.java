package io.github.nextclass.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Finds out which kind of tokenizer file is there. */
final class TokenizerLoader {
  static TokenizerModel load(Path path, @Nullable List<AddedToken> addedTokens) throws IOException {
    if (Files.isDirectory(path)) {
      return loadFolder(path, addedTokens);
    }
    if (!Files.exists(path)) {
      throw new NoSuchFileException(path.toString());
    }
    String name = String.valueOf(path.getFileName());
    if (name.endsWith(".tiktoken")) {
      return TiktokenReader.read(path, addedTokens);
    }
    if (addedTokens != null) {
      throw new IllegalArgumentException(
          path + ": added tokens can be given for a .tiktoken file only");
    }
    if (name.equals("vocab.json") || name.equals("merges.txt")) {
      Path folder = path.toAbsolutePath().resolveSibling(".").normalize();
      return loadVocabAndMerges(folder, vocabSize(folder));
    }
    return JsonTokenizerReader.read(path, DeclaredTokens.NONE);
  }

  private static TokenizerModel loadFolder(Path folder, @Nullable List<AddedToken> addedTokens)
      throws IOException {
    TokenizerModel model;
    int vocabSize = vocabSize(folder);
    Path json = folder.resolve("tokenizer.json");
    if (addedTokens == null && Files.exists(json)) {
      model = JsonTokenizerReader.read(json, DeclaredTokens.read(folder, vocabSize));
    } else if (addedTokens == null
        && Files.exists(folder.resolve("vocab.json"))
        && Files.exists(folder.resolve("merges.txt"))) {
      model = loadVocabAndMerges(folder, vocabSize);
    } else {
      model = TiktokenReader.read(tiktokenFile(folder), addedTokens);
    }
    int idBound = Math.max(model.vocabulary().idBound(), model.addedTokens().idBound());
    if (idBound > vocabSize) {
      throw new TokenizerFormatException(
          folder.resolve("config.json")
              + ": vocab_size is "
              + vocabSize
              + ", but the tokenizer has the token id "
              + (idBound - 1));
    }
    return model;
  }

  private static TokenizerModel loadVocabAndMerges(Path folder, int vocabSize) throws IOException {
    return VocabMergesReader.read(folder, DeclaredTokens.read(folder, vocabSize));
  }

  private static Path tiktokenFile(Path folder) throws IOException {
    List<Path> files;
    try (Stream<Path> entries = Files.list(folder)) {
      files = entries.filter(f -> f.toString().endsWith(".tiktoken")).toList();
    }
    if (files.size() != 1) {
      throw new TokenizerFormatException(
          folder
              + ": no tokenizer.json, no vocab.json with merges.txt, and "
              + files.size()
              + " .tiktoken files, expected 1");
    }
    return files.getFirst();
  }

  /**
   * {@code vocab_size} of config.json: the model has a row of logits for each of so many ids, and
   * none for a token beyond. The largest int if no file says.
   */
  private static int vocabSize(Path folder) throws IOException {
    Path file = folder.resolve("config.json");
    if (!Files.exists(file)) {
      return Integer.MAX_VALUE;
    }
    Object config;
    try {
      config = Json.parse(FileBytes.read(file));
    } catch (Json.JsonException e) {
      throw new TokenizerFormatException(file + ": invalid JSON: " + e.getMessage());
    }
    return Json.member(config, "vocab_size") instanceof Json.JsonNumber size
            && size.isInteger()
            && size.text().matches("\\d{1,9}")
        ? Integer.parseInt(size.text())
        : Integer.MAX_VALUE;
  }

  private TokenizerLoader() {}
}
