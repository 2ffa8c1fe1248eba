package io.github.nextclass.cli;

/** Text in HTML, where nothing that a model or a user wrote can become markup. */
final class Html {
  private Html() {}

  /** Text between tags or in a quoted attribute. */
  static String escape(String text) {
    StringBuilder escaped = new StringBuilder(text.length() + 16);
    text.codePoints()
        .forEach(c -> {
          switch (c) {
            case '&' -> escaped.append("&amp;");
            case '<' -> escaped.append("&lt;");
            case '>' -> escaped.append("&gt;");
            case '"' -> escaped.append("&quot;");
            case '\'' -> escaped.append("&#39;");
            default -> {
              boolean half = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
              boolean control = Character.isISOControl(c) && c != '\n' && c != '\t';
              escaped.appendCodePoint(half || control ? 0xFFFD : c);
            }
          }
        });
    return escaped.toString();
  }

  /** A token's text with its white space made visible. */
  static String visible(String text) {
    return escape(text.replace(" ", "·").replace("\n", "⏎").replace("\r", "␍").replace("\t", "⇥"));
  }
}
