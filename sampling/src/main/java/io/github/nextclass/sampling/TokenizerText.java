package io.github.nextclass.sampling;

import io.github.nextclass.tokenizer.StreamingDecoder;
import io.github.nextclass.tokenizer.Tokenizer;

/** The text of a tokenizer's tokens. Special tokens have none. */
final class TokenizerText implements Detokenizer {
  private final StreamingDecoder decoder;

  TokenizerText(Tokenizer tokenizer) {
    decoder = tokenizer.newStreamingDecoder(true);
  }

  @Override
  public String append(int tokenId) {
    return decoder.append(tokenId);
  }

  @Override
  public String flush() {
    return decoder.flush();
  }
}
