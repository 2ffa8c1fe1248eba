package io.github.nextclass.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Takes tokens and merges as the files hold them, in any order of the two, and checks them against
 * each other.
 */
final class ModelBuilder {
  private final String file;
  private final Vocabulary.Builder vocabulary;

  /**
   * Base tokens with a character outside the byte alphabet: text never becomes one, but ids decode
   * to them.
   */
  private final Map<String, Integer> plainTokens = new HashMap<>();

  /** Left and right part of every merge, one behind the other, and where each part ends. */
  private byte[] parts;

  private int partsSize;
  private final IntBuffer partEnds;

  ModelBuilder(String file, int expectedTokens) {
    this.file = file;
    vocabulary = new Vocabulary.Builder(expectedTokens);
    parts = new byte[Math.max(64, expectedTokens * 8)];
    partEnds = new IntBuffer(2 * expectedTokens);
  }

  int tokenCount() {
    return vocabulary.tokenCount();
  }

  /** Adds a token in the byte alphabet, given as {@code utf8[from, to)}. */
  void addToken(byte[] utf8, int from, int to, int id) throws TokenizerFormatException {
    checkId(id);
    byte[] pool = vocabulary.reserve(to - from);
    int length = ByteAlphabet.toBytes(utf8, from, to, pool, vocabulary.reservedAt());
    if (length > 0) {
      if (!vocabulary.add(id, length, true)) {
        throw error("vocabulary", "token '" + text(utf8, from, to) + "' is listed twice");
      }
      return;
    }
    if (length == 0) {
      throw error("vocabulary", "empty token with id " + id);
    }
    String token = text(utf8, from, to);
    if (!Arrays.equals(Utf8.encode(token), 0, Utf8.encode(token).length, utf8, from, to)) {
      throw error("vocabulary", "the token with id " + id + " is not valid UTF-8");
    }
    if (plainTokens.put(token, id) != null) {
      throw error("vocabulary", "token '" + token + "' is listed twice");
    }
    vocabulary.add(id, Utf8.encode(token), false);
  }

  /** Adds a token by its first {@code length} bytes, which are at least one. */
  void addBytes(byte[] bytes, int length, int id, int line) throws TokenizerFormatException {
    if (vocabulary.contains(id)) {
      throw error("line " + line, "rank " + id + " is given to two tokens");
    }
    System.arraycopy(bytes, 0, vocabulary.reserve(length), vocabulary.reservedAt(), length);
    if (!vocabulary.add(id, length, true)) {
      throw error(
          "line " + line,
          "token '" + ByteAlphabet.encode(Arrays.copyOf(bytes, length)) + "' is listed twice");
    }
  }

  private void checkId(int id) throws TokenizerFormatException {
    if (id < 0 || id > Vocabulary.MAX_ID) {
      throw error("vocabulary", "token id must be in 0.." + Vocabulary.MAX_ID + ", found " + id);
    }
    if (vocabulary.contains(id)) {
      throw error("vocabulary", "token id " + id + " is given to two tokens");
    }
  }

  /**
   * Adds one half of a merge, {@code utf8[from, to)}: left, then right, then the next merge's left.
   */
  void addMergePart(byte[] utf8, int from, int to, int rank, MergePlace places)
      throws TokenizerFormatException {
    if (parts.length - partsSize < to - from) {
      parts =
          Arrays.copyOf(
              parts,
              Math.max(Math.multiplyExact(parts.length, 2), Math.addExact(partsSize, to - from)));
    }
    int length = ByteAlphabet.toBytes(utf8, from, to, parts, partsSize);
    if (length <= 0) {
      throw error(
          places.of(rank), "merge token '" + text(utf8, from, to) + "' is not in the vocabulary");
    }
    partsSize += length;
    partEnds.add(partsSize);
  }

  private static String text(byte[] utf8, int from, int to) {
    return new String(utf8, from, to - from, StandardCharsets.UTF_8);
  }

  TokenizerModel build(
      List<AddedToken> addedTokens,
      DeclaredTokens declared,
      boolean nfc,
      boolean ignoreMerges,
      PostProcessing postProcessing,
      MergePlace places)
      throws TokenizerFormatException {
    Vocabulary tokens = vocabulary.build();
    int mergeCount = partEnds.size() / 2;
    MergeTable merges = new MergeTable(mergeCount);
    int start = 0;
    for (int rank = 0; rank < mergeCount; rank++) {
      int middle = partEnds.get(2 * rank);
      int end = partEnds.get(2 * rank + 1);
      int left = find(tokens, start, middle, rank, places);
      int right = find(tokens, middle, end, rank, places);
      merges.put(left, right, rank, find(tokens, start, end, rank, places));
      start = end;
    }
    return build(tokens, merges, addedTokens, declared, nfc, ignoreMerges, postProcessing);
  }

  /** For files that hold no merges. */
  Vocabulary vocabulary() {
    return vocabulary.build();
  }

  TokenizerModel build(
      Vocabulary tokens,
      MergeTable merges,
      List<AddedToken> addedTokens,
      DeclaredTokens declared,
      boolean nfc,
      boolean ignoreMerges,
      PostProcessing postProcessing)
      throws TokenizerFormatException {
    AddedTokens added = AddedTokens.checked(addedTokens, declared, tokens, plainTokens, nfc, file);
    return new TokenizerModel(tokens, merges, added, nfc, ignoreMerges, postProcessing);
  }

  /** Says where a merge stands in its file. */
  interface MergePlace {
    String of(int rank);
  }

  private int find(Vocabulary tokens, int from, int to, int rank, MergePlace places)
      throws TokenizerFormatException {
    int id = tokens.find(parts, from, to);
    if (id < 0) {
      throw error(
          places.of(rank),
          "merge token '"
              + ByteAlphabet.encode(Arrays.copyOfRange(parts, from, to))
              + "' is not in the vocabulary");
    }
    return id;
  }

  private TokenizerFormatException error(String place, String message) {
    return new TokenizerFormatException(file + ": " + place + ": " + message);
  }
}
