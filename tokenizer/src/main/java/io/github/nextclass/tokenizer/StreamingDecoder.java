package io.github.nextclass.tokenizer;

import java.util.Arrays;

/**
 * Decodes tokens one by one. Text comes out as soon as it is certain: at most the three bytes of an
 * incomplete code point are held back. All that {@link #append} and the last {@link #flush} return
 * is together exactly what {@link Tokenizer#decode(int[], boolean)} gives for the same tokens.
 *
 * <p>Differs from Hugging Face's {@code DecodeStream} in its steps, not in its sum: that one waits
 * while the text ends in U+FFFD, even if U+FFFD is what the text really holds.
 *
 * <p>Not thread-safe: one decoder belongs to one stream.
 */
public final class StreamingDecoder {
  private final Tokenizer tokenizer;
  private final boolean skipSpecialTokens;
  private final StringBuilder text = new StringBuilder();
  private byte[] buffer = new byte[64];
  private int pending;

  StreamingDecoder(Tokenizer tokenizer, boolean skipSpecialTokens) {
    this.tokenizer = tokenizer;
    this.skipSpecialTokens = skipSpecialTokens;
  }

  /**
   * Takes the next token.
   *
   * @param tokenId any id; an id without a token adds nothing
   * @return the text that is complete now, often the token's own, possibly empty
   */
  public String append(int tokenId) {
    byte[] bytes = tokenizer.decodedBytes(tokenId, skipSpecialTokens);
    if (bytes.length == 0) {
      return "";
    }
    int length = pending + bytes.length;
    if (buffer.length < length) {
      buffer = Arrays.copyOf(buffer, 2 * length);
    }
    System.arraycopy(bytes, 0, buffer, pending, bytes.length);
    text.setLength(0);
    int rest = Utf8.decode(buffer, 0, length, text);
    pending = length - rest;
    System.arraycopy(buffer, rest, buffer, 0, pending);
    return text.toString();
  }

  /**
   * Ends the text: what is still held back becomes U+FFFD. The decoder may then be used for another
   * text.
   *
   * @return U+FFFD, or the empty string if nothing was held back
   */
  public String flush() {
    boolean incomplete = pending > 0;
    pending = 0;
    return incomplete ? "\uFFFD" : "";
  }
}
