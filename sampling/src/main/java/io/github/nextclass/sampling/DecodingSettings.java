package io.github.nextclass.sampling;

import io.github.nextclass.sampling.structure.Constraint;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The values behind a {@link Decoding}, each with its neutral default. Only {@code Decoding} writes
 * to a copy before it publishes it, and nobody writes afterwards.
 */
final class DecodingSettings implements Cloneable {
  boolean sample;
  double temperature = 1;
  int topK;
  double topP = 1;
  double minP;
  double repetitionPenalty = 1;
  double frequencyPenalty;
  double presencePenalty;
  Map<Integer, Float> logitBias = Map.of();
  int @Nullable [] allowedTokenIds;
  @Nullable Constraint constraint;
  int[] bannedTokenIds = {};
  @Nullable Long seed;
  int[] eosTokenIds = {};
  boolean ignoreEos;
  int[] stopTokenIds = {};
  List<String> stopStrings = List.of();
  boolean includeStopString;
  int minNewTokens;
  int maxNewTokens = Decoding.UNLIMITED;
  @Nullable Duration deadline;
  int topClasses;
  boolean maskPadding = true;

  /** At most one of each class. */
  Map<Class<?>, FilterRule> rules = Map.of();

  @Nullable BeamSearch beams;
  int numReturnSequences = 1;
  @Nullable PromptLookup promptLookup;

  <R extends FilterRule> @Nullable R rule(Class<R> type) {
    return type.cast(rules.get(type));
  }

  DecodingSettings copy() {
    try {
      return (DecodingSettings) clone();
    } catch (CloneNotSupportedException e) {
      throw new AssertionError(e);
    }
  }
}
