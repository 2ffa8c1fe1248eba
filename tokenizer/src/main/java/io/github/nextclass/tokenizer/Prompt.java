package io.github.nextclass.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A rendered conversation that still knows who wrote which part. Immutable.
 *
 * <p>The parts only say where control tokens may be: {@link Tokenizer#encode(Prompt)} tokenizes the
 * joined text, so that ordinary tokens may span parts, as in the reference.
 */
public final class Prompt {
  /** Who wrote a part, hence which added tokens its text may become. */
  public enum Source {
    /** The chat template: all added tokens. */
    TEMPLATE,
    /**
     * The model, in an earlier turn: only {@code <think>}, {@code </think>}, {@code <tool_call>}
     * and {@code </tool_call>}, which it writes as single tokens. A model may be led to repeat
     * {@code <|im_end|>} as ordinary text; that must not become the token when the answer comes
     * back as history.
     */
    MODEL,
    /** Anyone else (user, system text, tools and their results): none. */
    CONTENT
  }

  /**
   * A part of the text.
   *
   * @param text the part's text
   * @param source who wrote it
   */
  public record Part(String text, Source source) {
    /** Checks for null. */
    public Part {
      Objects.requireNonNull(text, "text");
      Objects.requireNonNull(source, "source");
    }
  }

  private final List<Part> parts;

  private Prompt(List<Part> parts) {
    this.parts = List.copyOf(parts);
  }

  /**
   * Makes a prompt of parts.
   *
   * @param parts in order
   * @return the prompt
   */
  public static Prompt of(List<Part> parts) {
    return new Prompt(parts);
  }

  static Prompt of(String text, EncodeOptions options) {
    return new Prompt(
        List.of(new Part(text, options.recognizeAddedTokens() ? Source.TEMPLATE : Source.CONTENT)));
  }

  /**
   * The parts in order.
   *
   * @return an immutable list
   */
  public List<Part> parts() {
    return parts;
  }

  /**
   * The whole text. Encoding it as a plain string is the reference's behaviour: control tokens in
   * user text are then recognised.
   *
   * @return all parts joined
   */
  public String text() {
    if (parts.size() == 1) {
      return parts.getFirst().text();
    }
    StringBuilder text = new StringBuilder();
    for (Part part : parts) {
      text.append(part.text());
    }
    return text.toString();
  }

  @Override
  public String toString() {
    return text();
  }

  /** Collects parts; neighbours of one source are joined, empty ones dropped. */
  static final class Builder {
    private final List<Part> parts = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();
    private Source source = Source.TEMPLATE;

    Builder template(String s) {
      return add(s, Source.TEMPLATE);
    }

    Builder content(String s) {
      return add(s, Source.CONTENT);
    }

    Builder model(String s) {
      return add(s, Source.MODEL);
    }

    private Builder add(String s, Source from) {
      if (from != source) {
        flush();
        source = from;
      }
      text.append(s);
      return this;
    }

    private void flush() {
      if (!text.isEmpty()) {
        parts.add(new Part(text.toString(), source));
        text.setLength(0);
      }
    }

    Prompt build() {
      flush();
      return new Prompt(parts);
    }
  }
}
