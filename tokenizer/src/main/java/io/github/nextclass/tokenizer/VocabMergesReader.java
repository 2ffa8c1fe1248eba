package io.github.nextclass.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;

/**
 * Reads vocab.json and merges.txt, the older form of the same data, with the added tokens of
 * tokenizer_config.json if that file is there. What these files do not say is as Qwen2 has it: NFC
 * and the split pattern.
 */
final class VocabMergesReader {
  private static final int BYTES_PER_TOKEN = 16;

  static TokenizerModel read(Path folder) throws IOException {
    Path vocabFile = folder.resolve("vocab.json");
    Path mergesFile = folder.resolve("merges.txt");
    byte[] vocab = Files.readAllBytes(vocabFile);
    ModelBuilder builder = new ModelBuilder(vocabFile.toString(), vocab.length / BYTES_PER_TOKEN);
    readVocabulary(vocab, vocabFile.toString(), builder);
    int[] lines = readMerges(mergesFile, builder);
    return builder.build(
        readAddedTokens(folder.resolve("tokenizer_config.json")),
        true,
        false,
        new int[0],
        new int[0],
        rank -> "merges.txt line " + lines[rank]);
  }

  static void readVocabulary(byte[] json, String file, ModelBuilder builder)
      throws TokenizerFormatException {
    try (JsonParser parser = Json.factory(false).createParser(ObjectReadContext.empty(), json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new TokenizerFormatException(
            file + ": expected an object of tokens and ids, found " + parser.currentToken());
      }
      JsonTokenizerReader.readVocabulary(parser, builder, file, "vocabulary");
      if (parser.nextToken() != null) {
        throw new TokenizerFormatException(
            file + ": text after the JSON object at " + Json.place(parser.currentTokenLocation()));
      }
    } catch (JacksonException e) {
      throw new TokenizerFormatException(file + ": invalid JSON: " + Json.describe(e));
    }
  }

  /** One merge a line, "left right"; returns the line number of each merge. */
  private static int[] readMerges(Path file, ModelBuilder builder) throws IOException {
    List<String> lines;
    try {
      lines = Files.readAllLines(file, UTF_8);
    } catch (CharacterCodingException e) {
      throw new TokenizerFormatException(file + ": not valid UTF-8");
    }
    IntBuffer numbers = new IntBuffer(lines.size());
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (line.startsWith("#version")) {
        continue;
      }
      int number = i + 1;
      int space = line.indexOf(' ');
      if (space < 0 || line.indexOf(' ', space + 1) >= 0) {
        throw new TokenizerFormatException(
            file
                + ": line "
                + number
                + ": expected two tokens with one space between, found '"
                + line
                + "'");
      }
      char[] chars = line.toCharArray();
      int rank = numbers.size();
      numbers.add(number);
      builder.addMergePart(chars, 0, space, rank, r -> "merges.txt line " + number);
      builder.addMergePart(
          chars, space + 1, chars.length - space - 1, rank, r -> "merges.txt line " + number);
    }
    return numbers.toArray();
  }

  private static List<AddedToken> readAddedTokens(Path file) throws IOException {
    if (!Files.exists(file)) {
      return List.of();
    }
    Object config;
    try {
      config = Json.parse(Files.readAllBytes(file));
    } catch (Json.JsonException e) {
      throw new TokenizerFormatException(file + ": invalid JSON: " + e.getMessage());
    }
    Object decoder = Json.member(config, "added_tokens_decoder");
    List<AddedToken> tokens = new ArrayList<>();
    if (decoder instanceof Map<?, ?> map) {
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        String id = String.valueOf(entry.getKey());
        String place = "added_tokens_decoder." + id;
        if (!id.matches("\\d{1,9}")) {
          throw new TokenizerFormatException(file + ": " + place + ": the key must be a token id");
        }
        tokens.add(
            JsonTokenizerReader.addedToken(
                entry.getValue(), Integer.parseInt(id), file.toString(), place));
      }
      tokens.sort(Comparator.comparingInt(AddedToken::id));
    } else if (decoder != null) {
      throw new TokenizerFormatException(file + ": added_tokens_decoder must be an object");
    }
    return tokens;
  }

  private VocabMergesReader() {}
}
