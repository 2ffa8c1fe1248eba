package io.github.nextclass.sampling;

import java.util.Arrays;

/** The sequence so far: the prompt and, behind it, the generated tokens. Grows at the end only. */
final class TokenHistory {
  private final int promptLength;
  private int[] tokenIds;
  private int length;

  TokenHistory(int[] prompt) {
    promptLength = prompt.length;
    length = prompt.length;
    tokenIds = Arrays.copyOf(prompt, prompt.length + 64);
  }

  private TokenHistory(TokenHistory other) {
    promptLength = other.promptLength;
    length = other.length;
    tokenIds = other.tokenIds.clone();
  }

  TokenHistory copy() {
    return new TokenHistory(this);
  }

  void append(int tokenId) {
    if (length == tokenIds.length) {
      tokenIds = Arrays.copyOf(tokenIds, Math.addExact(length, length >> 1));
    }
    tokenIds[length++] = tokenId;
  }

  int length() {
    return length;
  }

  int promptLength() {
    return promptLength;
  }

  int generatedLength() {
    return length - promptLength;
  }

  int tokenId(int index) {
    return tokenIds[index];
  }

  int[] range(int from, int to) {
    return Arrays.copyOfRange(tokenIds, from, to);
  }
}
