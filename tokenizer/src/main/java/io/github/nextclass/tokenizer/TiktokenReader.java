package io.github.nextclass.tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a .tiktoken file: a line for each token, its bytes in base64, a space, its rank, which is
 * its id.
 *
 * <p>The file holds no merges: any two tokens whose bytes together are a token merge, at that
 * token's rank. But of all the ways to cut a token in two only one is ever met: the last step when
 * its own bytes are merged. So one merge for each token says the same.
 */
final class TiktokenReader {
  private static final int BYTES_PER_TOKEN = 16;
  private static final byte[] DIGIT_OF_CHAR = new byte[128];

  static {
    Arrays.fill(DIGIT_OF_CHAR, (byte) -1);
    String digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < digits.length(); i++) {
      DIGIT_OF_CHAR[digits.charAt(i)] = (byte) i;
    }
  }

  private final byte[] data;
  private final String file;
  private final ModelBuilder builder;

  private TiktokenReader(byte[] data, String file) {
    this.data = data;
    this.file = file;
    builder = new ModelBuilder(file, data.length / BYTES_PER_TOKEN);
  }

  /**
   * Reads the file.
   *
   * @param addedTokens null for Qwen3's own
   */
  static TokenizerModel read(Path path, @Nullable List<AddedToken> addedTokens) throws IOException {
    return read(FileBytes.read(path), path.toString(), addedTokens);
  }

  static TokenizerModel read(byte[] data, String file, @Nullable List<AddedToken> addedTokens)
      throws TokenizerFormatException {
    return new TiktokenReader(data, file).read(addedTokens);
  }

  private TokenizerModel read(@Nullable List<AddedToken> addedTokens)
      throws TokenizerFormatException {
    readLines();
    Vocabulary vocabulary = builder.vocabulary();
    for (int id = 0; id < vocabulary.idBound(); id++) {
      if (!vocabulary.contains(id)) {
        throw error("rank " + id + " is missing, the largest is " + (vocabulary.idBound() - 1));
      }
    }
    int[] byteTokens = vocabulary.byteTokens();
    for (int b = 0; b < 256; b++) {
      if (byteTokens[b] < 0) {
        throw error("there is no token for the byte 0x%02X".formatted(b));
      }
    }
    MergeTable merges = findMerges(vocabulary, byteTokens);
    List<AddedToken> added =
        addedTokens == null ? AddedTokens.qwen3(vocabulary.idBound()) : addedTokens;
    return builder.build(
        vocabulary, merges, added, DeclaredTokens.NONE, true, true, PostProcessing.NONE);
  }

  private void readLines() throws TokenizerFormatException {
    byte[] token = new byte[256];
    int line = 1;
    int i = 0;
    while (i < data.length) {
      int length = 0;
      int bits = 0;
      int held = 0;
      int from = i;
      while (i < data.length && data[i] >= 0 && DIGIT_OF_CHAR[data[i]] >= 0) {
        held = held << 6 | DIGIT_OF_CHAR[data[i++]];
        bits += 6;
        if (bits >= 8) {
          bits -= 8;
          if (length == token.length) {
            token = Arrays.copyOf(token, 2 * length);
          }
          token[length++] = (byte) (held >> bits);
        }
      }
      int padding = 0;
      while (i < data.length && data[i] == '=') {
        padding++;
        i++;
      }
      // Groups of four; the bits that the padding leaves over must be zero, or two lines could mean
      // one token.
      boolean valid =
          (i - from) % 4 == 0 && padding <= 2 && length > 0 && (held & ((1 << bits) - 1)) == 0;
      if (!valid || i == data.length || data[i] != ' ') {
        throw error(
            "line "
                + line
                + ": expected base64, one space and a rank, found '"
                + lineAt(from)
                + "'");
      }
      i++;
      long rank = 0;
      int digits = i;
      while (i < data.length && data[i] >= '0' && data[i] <= '9' && rank <= Vocabulary.MAX_ID) {
        rank = rank * 10 + data[i++] - '0';
      }
      if (i == digits || rank > Vocabulary.MAX_ID) {
        throw error(
            "line "
                + line
                + ": the rank must be in 0.."
                + Vocabulary.MAX_ID
                + ", found '"
                + lineAt(from)
                + "'");
      }
      if (i < data.length && data[i] == '\r') {
        i++;
      }
      if (i < data.length && data[i++] != '\n') {
        throw error("line " + line + ": text after the rank: '" + lineAt(from) + "'");
      }
      builder.addBytes(token, length, (int) rank, line);
      line++;
    }
  }

  private String lineAt(int from) {
    int to = from;
    while (to < data.length && data[to] != '\n' && to - from < 80) {
      to++;
    }
    return Utf8.decodeFully(Arrays.copyOfRange(data, from, to), to - from);
  }

  private static MergeTable findMerges(Vocabulary vocabulary, int[] byteTokens) {
    int count = 0;
    for (int id = 0; id < vocabulary.idBound(); id++) {
      count += vocabulary.length(id) > 1 ? 1 : 0;
    }
    MergeTable merges = new MergeTable(count);
    WordMerger merger = new WordMerger(merges);
    IntBuffer parts = new IntBuffer(8);
    byte[] bytes = new byte[256];
    int rank = 0;
    for (int id = 0; id < vocabulary.idBound(); id++) {
      int length = vocabulary.length(id);
      if (length == 1) {
        continue;
      }
      if (bytes.length < length) {
        bytes = new byte[length];
      }
      vocabulary.copy(id, bytes, 0);
      parts.clear();
      merger.merge(bytes, 0, length, byteTokens, parts);
      // More than two parts: merges never make this token; only a whole word becomes it.
      if (parts.size() == 2) {
        merges.put(parts.get(0), parts.get(1), rank, id);
      }
      rank++;
    }
    return merges;
  }

  private TokenizerFormatException error(String message) {
    return new TokenizerFormatException(file + ": " + message);
  }
}
