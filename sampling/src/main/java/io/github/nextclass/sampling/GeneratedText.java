package io.github.nextclass.sampling;

/** The text of a generation: what the tokens spell, up to a stop string. */
final class GeneratedText {
  private final Detokenizer detokenizer;
  private final StopStringMatcher matcher;
  private final StringBuilder text = new StringBuilder();

  GeneratedText(Detokenizer detokenizer, StopStringMatcher matcher) {
    this.detokenizer = detokenizer;
    this.matcher = matcher;
  }

  /**
   * Takes a token and returns the text that became final; a stop string is looked for only if it
   * may stop.
   */
  String append(int tokenId, boolean mayStop) {
    String piece = detokenizer.append(tokenId);
    return keep(mayStop ? matcher.append(piece) : piece);
  }

  /** True once the text is cut by a stop string. */
  boolean stopped() {
    return matcher.matched();
  }

  /** Ends the text and returns what was held back. */
  String end() {
    return keep(matcher.append(detokenizer.flush()) + matcher.flush());
  }

  /** All that became final. */
  @Override
  public String toString() {
    return text.toString();
  }

  private String keep(String piece) {
    text.append(piece);
    return piece;
  }
}
