package io.github.nextclass.sampling;

import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/**
 * What must hold before a generation starts, which is the caller's duty, and in each of its steps,
 * which is the classifier's.
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
    checkBreakers(settings, classes);
    SequenceBias sequenceBias = settings.ruleOrNull(SequenceBias.class);
    if (sequenceBias != null) {
      checkClasses("sequenceBias", sequenceBias.tokenIds(), classes);
    }
    checkMirostat(settings);
    checkContrastive(settings);
    checkThinkingBudget(settings, classes);
    if (settings.constraint != null && detokenizer.tokenTrie().isEmpty()) {
      throw new IllegalArgumentException(
          "a constraint needs the bytes of the tokens, but there is no tokenizer");
    }
    if (!settings.stopStrings.isEmpty() && detokenizer instanceof NoText) {
      throw new IllegalArgumentException("stopStrings need text, but there is no tokenizer");
    }
  }

  /** What one decoder, which makes one sequence, cannot do. */
  static void checkOneSequence(DecodingSettings settings) {
    if (settings.beams != null) {
      throw new IllegalArgumentException(
          "beam search is no step-by-step decoding: it knows its tokens only at the end and cannot"
              + " stream; use LanguageModel.generate or generateAll");
    }
  }

  /** What several samples cannot be. */
  static void checkSamples(DecodingSettings settings) {
    if (!settings.sample && settings.numReturnSequences > 1) {
      throw new IllegalArgumentException(
          "greedy decoding gives the same sequence each time, but numReturnSequences is "
              + settings.numReturnSequences
              + "; use a temperature, or beams");
    }
    if (settings.promptLookup != null && settings.numReturnSequences > 1) {
      throw new IllegalArgumentException(
          "promptLookup and a numReturnSequences of "
              + settings.numReturnSequences
              + " exclude each other");
    }
  }

  /** What a beam search cannot be. */
  static void checkBeams(BeamSearch beams, DecodingSettings settings, int classes) {
    if (settings.numReturnSequences > beams.numBeams()) {
      throw new IllegalArgumentException(
          "numReturnSequences must be at most numBeams, got "
              + settings.numReturnSequences
              + " and "
              + beams.numBeams());
    }
    refuseWithBeams(settings.ruleOrNull(Mirostat.class) != null, "mirostat");
    refuseWithBeams(settings.contrastive != null, "contrastive search");
    refuseWithBeams(settings.promptLookup != null, "promptLookup");
    refuseWithBeams(settings.constraint != null, "a constraint");
    refuseWithBeams(!settings.stopStrings.isEmpty(), "stopStrings (use stopTokenIds)");
    int continuations = BeamSearcher.continuations(beams, StopTokens.of(settings, classes));
    if (continuations > (long) beams.numBeams() * classes) {
      throw new IllegalArgumentException(
          "numBeams "
              + beams.numBeams()
              + " needs "
              + continuations
              + " continuations, but there are only "
              + classes
              + " classes for each beam");
    }
  }

  /** Measures the scores of a step, and refuses those that are none. */
  static void measure(Softmax softmax, float[] logits, int classes, int step) {
    if (logits.length < classes) {
      throw new IllegalStateException(
          "the classifier returned " + logits.length + " scores for " + classes + " classes");
    }
    softmax.measure(logits, classes);
    if (Double.isNaN(softmax.total())) {
      int nanCount = 0;
      for (int i = 0; i < classes; i++) {
        nanCount += Float.isNaN(logits[i]) ? 1 : 0;
      }
      throw new NumericException(step, nanCount, classes);
    }
  }

  private static void refuseWithBeams(boolean given, String what) {
    if (given) {
      throw new IllegalArgumentException("beams and " + what + " exclude each other");
    }
  }

  private static void checkMirostat(DecodingSettings settings) {
    if (settings.ruleOrNull(Mirostat.class) == null) {
      return;
    }
    Set<String> others = new TreeSet<>();
    for (Class<? extends FilterRule> truncation : Decoding.TRUNCATIONS) {
      if (settings.ruleOrNull(truncation) != null) {
        others.add(truncation.getSimpleName());
      }
    }
    if (settings.topK > 0) {
      others.add("topK");
    }
    if (settings.topP < 1) {
      others.add("topP");
    }
    if (settings.minP > 0) {
      others.add("minP");
    }
    if (!others.isEmpty()) {
      throw new IllegalArgumentException(
          "mirostat takes the place of other truncations, but there is also "
              + String.join(", ", others));
    }
  }

  private static void checkContrastive(DecodingSettings settings) {
    if (settings.contrastive != null && settings.sample) {
      throw new IllegalArgumentException(
          "contrastive search and sampling exclude each other (use temperature 0)");
    }
    if (settings.contrastive != null && settings.promptLookup != null) {
      throw new IllegalArgumentException("contrastive search and promptLookup exclude each other");
    }
  }

  private static void checkThinkingBudget(DecodingSettings settings, int classes) {
    ThinkingBudget budget = settings.ruleOrNull(ThinkingBudget.class);
    if (budget != null) {
      checkClasses(
          "thinkingBudget closingTokenIds",
          budget.closingTokenIds().stream().mapToInt(Integer::intValue).toArray(),
          classes);
    }
  }

  private static void checkBreakers(DecodingSettings settings, int classes) {
    Dry dry = settings.ruleOrNull(Dry.class);
    if (dry != null) {
      checkClasses(
          "dry breakerTokenIds",
          dry.breakerTokenIds().stream().mapToInt(Integer::intValue).sorted().toArray(),
          classes);
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
