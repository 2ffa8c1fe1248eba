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
  /** The published file has 11 MB. */
  private static final long MAX_FILE_BYTES = 1L << 28;

  static TokenizerModel load(Path path, @Nullable List<AddedToken> addedTokens) throws IOException {
    if (Files.isDirectory(path)) {
      return loadFolder(path, addedTokens);
    }
    if (!Files.exists(path)) {
      throw new NoSuchFileException(path.toString());
    }
    String name = String.valueOf(path.getFileName());
    if (name.endsWith(".tiktoken")) {
      return TiktokenReader.read(checkSize(path), addedTokens);
    }
    if (addedTokens != null) {
      throw new IllegalArgumentException(
          path + ": added tokens can be given for a .tiktoken file only");
    }
    if (name.equals("vocab.json") || name.equals("merges.txt")) {
      return loadVocabAndMerges(path.toAbsolutePath().resolveSibling("."));
    }
    return JsonTokenizerReader.read(checkSize(path));
  }

  private static TokenizerModel loadFolder(Path folder, @Nullable List<AddedToken> addedTokens)
      throws IOException {
    TokenizerModel model;
    Path json = folder.resolve("tokenizer.json");
    if (addedTokens == null && Files.exists(json)) {
      model = JsonTokenizerReader.read(checkSize(json));
    } else if (addedTokens == null
        && Files.exists(folder.resolve("vocab.json"))
        && Files.exists(folder.resolve("merges.txt"))) {
      model = loadVocabAndMerges(folder);
    } else {
      model = TiktokenReader.read(checkSize(tiktokenFile(folder)), addedTokens);
    }
    checkAgainstConfig(folder.resolve("config.json"), model);
    return model;
  }

  private static TokenizerModel loadVocabAndMerges(Path folder) throws IOException {
    checkSize(folder.resolve("vocab.json"));
    checkSize(folder.resolve("merges.txt"));
    return VocabMergesReader.read(folder);
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

  /** A model has a row of logits for each of vocab_size ids; a token beyond has none. */
  private static void checkAgainstConfig(Path file, TokenizerModel model) throws IOException {
    if (!Files.exists(file)) {
      return;
    }
    Object config;
    try {
      config = Json.parse(Files.readAllBytes(checkSize(file)));
    } catch (Json.JsonException e) {
      throw new TokenizerFormatException(file + ": invalid JSON: " + e.getMessage());
    }
    int idBound = Math.max(model.vocabulary().idBound(), model.addedTokens().idBound());
    if (Json.member(config, "vocab_size") instanceof Json.JsonNumber size
        && size.isInteger()
        && size.text().matches("\\d{1,9}")
        && idBound > Integer.parseInt(size.text())) {
      throw new TokenizerFormatException(
          file
              + ": vocab_size is "
              + size.text()
              + ", but the tokenizer has the token id "
              + (idBound - 1));
    }
  }

  private static Path checkSize(Path file) throws IOException {
    long size = Files.size(file);
    if (size > MAX_FILE_BYTES) {
      throw new TokenizerFormatException(
          file + ": " + size + " bytes, the limit is " + MAX_FILE_BYTES);
    }
    return file;
  }

  private TokenizerLoader() {}
}
