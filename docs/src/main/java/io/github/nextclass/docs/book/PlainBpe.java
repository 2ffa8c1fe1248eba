package io.github.nextclass.docs.book;

import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** Byte-pair encoding of one ASCII word, as slowly as it can be said. */
public final class PlainBpe {
  /** The rank of each pair of neighbours that may merge; the lowest goes first. */
  private final Map<List<String>, Integer> ranks = new HashMap<>();

  private final Tokenizer tokenizer;

  /**
   * Reads the merges of a tokenizer.json.
   *
   * @param folder the checkpoint
   * @throws IOException if it cannot be read
   */
  public PlainBpe(Path folder) throws IOException {
    tokenizer = Tokenizer.load(folder);
    List<String> merges = merges(folder.resolve("tokenizer.json"));
    for (int i = 0; i < merges.size(); i += 2) {
      ranks.put(merges.subList(i, i + 2), i / 2);
    }
  }

  /** {@code "merges": [["h", "e"], ["Ġ", "t"], ...]}, in which Ġ is a space and Ċ a line end. */
  private static List<String> merges(Path file) throws IOException {
    List<String> pieces = new ArrayList<>();
    try (JsonParser json = new JsonFactory().createParser(ObjectReadContext.empty(), file)) {
      while (json.nextToken() != JsonToken.START_ARRAY || !"merges".equals(json.currentName())) {
        // not there yet
      }
      for (int depth = 1; depth > 0; ) {
        switch (json.nextToken()) {
          case START_ARRAY -> depth++;
          case END_ARRAY -> depth--;
          default -> pieces.add(json.getString().replace('Ġ', ' ').replace('Ċ', '\n'));
        }
      }
    }
    return pieces;
  }

  /**
   * Encodes a word.
   *
   * @param word a piece of text that the split pattern leaves whole
   * @param eachState is told the pieces at first and after each merge
   * @return the ids of its tokens
   */
  // @start region=encode
  public List<Integer> encode(String word, Consumer<List<String>> eachState) {
    List<String> pieces = new ArrayList<>(List.of(word.split("")));
    eachState.accept(pieces);
    for (int at = bestPair(pieces); at >= 0; at = bestPair(pieces)) {
      pieces.set(at, pieces.get(at) + pieces.remove(at + 1));
      eachState.accept(pieces);
    }
    return pieces.stream().map(piece -> tokenizer.tokenId(piece).orElseThrow()).toList();
  }

  /** Where the neighbours of the lowest rank stand; -1 where no two may merge. */
  private int bestPair(List<String> pieces) {
    int best = -1;
    int bestRank = Integer.MAX_VALUE;
    for (int i = 0; i + 1 < pieces.size(); i++) {
      int rank = ranks.getOrDefault(pieces.subList(i, i + 2), Integer.MAX_VALUE);
      if (rank < bestRank) {
        best = i;
        bestRank = rank;
      }
    }
    return best;
  }
  // @end
}
