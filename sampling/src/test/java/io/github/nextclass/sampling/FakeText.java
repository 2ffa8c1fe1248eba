package io.github.nextclass.sampling;

import java.util.List;

/**
 * A detokenizer with a vocabulary of its own; "?" stands for a token whose character is not
 * complete yet.
 */
final class FakeText implements Detokenizer {
  private final List<String> pieces;
  private boolean unfinished;

  FakeText(String... pieces) {
    this.pieces = List.of(pieces);
  }

  @Override
  public String append(int tokenId) {
    String piece = pieces.get(tokenId);
    unfinished = piece.equals("?");
    return unfinished ? "" : piece;
  }

  @Override
  public String flush() {
    return unfinished ? "\uFFFD" : "";
  }
}
