package io.github.nextclass.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Reads vocab.json and merges.txt, the older form of the same data, with the added tokens of
 * tokenizer_config.json if that file is there. What these files do not say is as Qwen2 has it: NFC
 * and the split pattern.
 */
final class VocabMergesReader {
  private static final int BYTES_PER_TOKEN = 16;
  private static final byte[] VERSION = "#version".getBytes(UTF_8);

  static TokenizerModel read(Path folder) throws IOException {
    Path vocabFile = folder.resolve("vocab.json");
    Path mergesFile = folder.resolve("merges.txt");
    byte[] vocab = Files.readAllBytes(vocabFile);
    ModelBuilder builder = new ModelBuilder(vocabFile.toString(), vocab.length / BYTES_PER_TOKEN);
    JsonCursor json = new JsonCursor(vocab, vocabFile.toString());
    JsonTokenizerReader.readVocabulary(json, builder, "vocabulary");
    json.end();
    IntBuffer lines = readMerges(Files.readAllBytes(mergesFile), mergesFile.toString(), builder);
    return builder.build(
        readAddedTokens(folder.resolve("tokenizer_config.json")),
        true,
        false,
        new int[0],
        new int[0],
        rank -> place(lines.get(rank)));
  }

  /** One merge a line, "left right"; returns the line number of each merge. */
  static IntBuffer readMerges(byte[] text, String file, ModelBuilder builder)
      throws TokenizerFormatException {
    IntBuffer lines = new IntBuffer(text.length / 12);
    int line = 0;
    int from = 0;
    while (from < text.length) {
      line++;
      int end = from;
      int space = -1;
      int spaces = 0;
      while (end < text.length && text[end] != '\n') {
        if (text[end] == ' ') {
          space = end;
          spaces++;
        }
        end++;
      }
      int to = end > from && text[end - 1] == '\r' ? end - 1 : end;
      if (!startsWith(text, from, to, VERSION)) {
        if (spaces != 1) {
          throw new TokenizerFormatException(
              file
                  + ": line "
                  + line
                  + ": expected two tokens with one space between, found '"
                  + new String(text, from, to - from, UTF_8)
                  + "'");
        }
        lines.add(line);
        int rank = lines.size() - 1;
        builder.addMergePart(text, from, space, rank, r -> place(lines.get(r)));
        builder.addMergePart(text, space + 1, to, rank, r -> place(lines.get(r)));
      }
      from = end + 1;
    }
    return lines;
  }

  private static String place(int line) {
    return "merges.txt line " + line;
  }

  private static boolean startsWith(byte[] text, int from, int to, byte[] start) {
    return to - from >= start.length
        && Arrays.equals(text, from, from + start.length, start, 0, start.length);
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
