package io.github.nextclass.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Reads vocab.json and merges.txt, the older form of the same data; the added tokens stand in other
 * files. What no file says is as Qwen2 has it: NFC and the split pattern.
 */
final class VocabMergesReader {
  private static final int BYTES_PER_TOKEN = 16;
  private static final byte[] VERSION = "#version".getBytes(UTF_8);

  static TokenizerModel read(Path folder, DeclaredTokens declared) throws IOException {
    Path vocabFile = folder.resolve("vocab.json");
    Path mergesFile = folder.resolve("merges.txt");
    byte[] vocab = FileBytes.read(vocabFile);
    ModelBuilder builder = new ModelBuilder(vocabFile.toString(), vocab.length / BYTES_PER_TOKEN);
    JsonCursor json = new JsonCursor(vocab, vocabFile.toString());
    JsonTokenizerReader.readVocabulary(json, builder, "vocabulary");
    json.end();
    IntBuffer lines = readMerges(FileBytes.read(mergesFile), mergesFile.toString(), builder);
    return builder.build(
        List.of(), declared, true, false, PostProcessing.NONE, rank -> place(lines.get(rank)));
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

  private VocabMergesReader() {}
}
