package io.github.nextclass.sampling;

import io.github.nextclass.sampling.structure.TokenTrie;
import io.github.nextclass.tokenizer.AddedToken;
import io.github.nextclass.tokenizer.StreamingDecoder;
import io.github.nextclass.tokenizer.Tokenizer;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** The text of a tokenizer's tokens. Special tokens have none. */
final class TokenizerText implements Detokenizer {
  private final StreamingDecoder decoder;
  private final Supplier<TokenTrie> tokenTrie;

  TokenizerText(Tokenizer tokenizer, Supplier<TokenTrie> tokenTrie) {
    this.decoder = tokenizer.newStreamingDecoder(true);
    this.tokenTrie = tokenTrie;
  }

  /** The trie of a tokenizer's ordinary tokens: no constraint allows an added one. */
  static TokenTrie trie(Tokenizer tokenizer, int classes) {
    Set<Integer> added =
        tokenizer.addedTokens().stream().map(AddedToken::id).collect(Collectors.toSet());
    return TokenTrie.of(classes, id -> added.contains(id) ? new byte[0] : tokenizer.tokenBytes(id));
  }

  @Override
  public Optional<TokenTrie> tokenTrie() {
    return Optional.of(tokenTrie.get());
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
