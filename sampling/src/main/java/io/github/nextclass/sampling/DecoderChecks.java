package io.github.nextclass.sampling;

import java.util.Arrays;

/**
 * What must hold before a generation starts. Everything that fails here is the caller's mistake.
 */
final class DecoderChecks {
  private DecoderChecks() {}

  static void check(
      TokenClassifier classifier,
      int[] prompt,
      DecodingSettings settings,
      Detokenizer detokenizer) {
    int classes = classifier.classes();
    if (prompt.length == 0) {
      throw new IllegalArgumentException("the prompt must have at least one token, got none");
    }
    checkClasses("prompt", prompt, classes);
    checkClasses(
        "logitBias",
        settings.logitBias.keySet().stream().mapToInt(Integer::intValue).toArray(),
        classes);
    checkClasses("bannedTokenIds", settings.bannedTokenIds, classes);
    checkClasses("stopTokenIds", settings.stopTokenIds, classes);
    if (settings.allowedTokenIds != null) {
      checkClasses("allowedTokenIds", settings.allowedTokenIds, classes);
      checkSomeAllowed(settings.allowedTokenIds, settings.bannedTokenIds);
    }
    checkFits(classifier, prompt.length, settings.maxNewTokens);
    if (!settings.stopStrings.isEmpty() && detokenizer instanceof NoText) {
      throw new IllegalArgumentException("stopStrings need text, but there is no tokenizer");
    }
  }

  private static void checkClasses(String name, int[] tokenIds, int classes) {
    for (int tokenId : tokenIds) {
      if (tokenId < 0 || tokenId >= classes) {
        throw new IllegalArgumentException(
            name + ": token ids must be 0 to " + (classes - 1) + ", got " + tokenId);
      }
    }
  }

  private static void checkSomeAllowed(int[] allowed, int[] banned) {
    if (Arrays.stream(allowed).allMatch(tokenId -> Arrays.binarySearch(banned, tokenId) >= 0)) {
      throw new IllegalArgumentException(
          "allowedTokenIds and bannedTokenIds leave no class: all "
              + allowed.length
              + " allowed ones are banned");
    }
  }

  private static void checkFits(TokenClassifier classifier, int promptTokens, int maxNewTokens) {
    int capacity = classifier.capacity();
    if (promptTokens > capacity) {
      throw new IllegalArgumentException(
          "the prompt has " + promptTokens + " tokens, the context holds " + capacity);
    }
    if (maxNewTokens != Decoding.UNLIMITED && promptTokens > capacity - maxNewTokens) {
      throw new IllegalArgumentException(
          "the prompt has "
              + promptTokens
              + " tokens and maxNewTokens is "
              + maxNewTokens
              + ", together "
              + ((long) promptTokens + maxNewTokens)
              + "; the context holds "
              + capacity);
    }
    if (classifier.position() >= promptTokens) {
      throw new IllegalArgumentException(
          "the classifier has read "
              + classifier.position()
              + " tokens, which must be fewer than the prompt's "
              + promptTokens);
    }
  }
}
