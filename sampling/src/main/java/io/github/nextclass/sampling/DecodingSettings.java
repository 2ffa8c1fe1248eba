package io.github.nextclass.sampling;

import io.github.nextclass.sampling.structure.Constraint;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Decoding} says, each value with its neutral default. Immutable and thread-safe for
 * everybody but {@code Decoding}, which writes to a copy before it hands it out.
 */
public final class DecodingSettings implements Cloneable {
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
  @Nullable ContrastiveSearch contrastive;
  boolean traceFilters;

  DecodingSettings() {}

  // ---- which classes, and with what scores

  /** {@return whether classes are drawn by probability; false for the best class} */
  public boolean isSampling() {
    return sample;
  }

  /** {@return the temperature, 0 if greedy} */
  public double temperature() {
    return sample ? temperature : 0;
  }

  /** {@return how many classes top-k keeps, 0 if all} */
  public int topK() {
    return topK;
  }

  /** {@return the probability mass that top-p keeps, 1 if all} */
  public double topP() {
    return topP;
  }

  /** {@return the share of the best probability that min-p asks for, 0 if it keeps all} */
  public double minP() {
    return minP;
  }

  /** {@return the repetition penalty, 1 if there is none} */
  public double repetitionPenalty() {
    return repetitionPenalty;
  }

  /** {@return the frequency penalty, 0 if there is none} */
  public double frequencyPenalty() {
    return frequencyPenalty;
  }

  /** {@return the presence penalty, 0 if there is none} */
  public double presencePenalty() {
    return presencePenalty;
  }

  /** {@return what is added to the scores, by ascending token id; unmodifiable} */
  public Map<Integer, Float> logitBias() {
    return logitBias;
  }

  /** {@return the allowed classes, ascending; empty if all are} */
  public Optional<int[]> allowedTokenIds() {
    return Optional.ofNullable(allowedTokenIds).map(int[]::clone);
  }

  /** {@return the forbidden classes, ascending} */
  public int[] bannedTokenIds() {
    return bannedTokenIds.clone();
  }

  /** {@return whether padding rows of the weight matrix cannot be chosen} */
  public boolean maskPadding() {
    return maskPadding;
  }

  /** {@return the structure that is enforced; empty if none is} */
  public Optional<Constraint> constraint() {
    return Optional.ofNullable(constraint);
  }

  /**
   * Returns a rule.
   *
   * @param type its kind
   * @param <R> its kind
   * @return empty if there is none
   */
  public <R extends FilterRule> Optional<R> rule(Class<R> type) {
    return Optional.ofNullable(ruleOrNull(type));
  }

  // ---- how a sequence is found

  /** {@return the seed; empty if each generation takes a new one} */
  public OptionalLong seed() {
    return seed == null ? OptionalLong.empty() : OptionalLong.of(seed);
  }

  /** {@return the beam search; empty if there is none} */
  public Optional<BeamSearch> beams() {
    return Optional.ofNullable(beams);
  }

  /** {@return how many sequences are asked for, at least 1} */
  public int numReturnSequences() {
    return numReturnSequences;
  }

  /** {@return how tokens are guessed ahead; empty if they are not} */
  public Optional<PromptLookup> promptLookup() {
    return Optional.ofNullable(promptLookup);
  }

  /** {@return the contrastive search; empty if there is none} */
  public Optional<ContrastiveSearch> contrastive() {
    return Optional.ofNullable(contrastive);
  }

  /** {@return how many of the best classes each prediction records} */
  public int topClasses() {
    return topClasses;
  }

  /** {@return whether each prediction records what each filter did} */
  public boolean traceFilters() {
    return traceFilters;
  }

  // ---- when it ends

  /** {@return the end-of-sequence tokens, ascending; empty if the model's own apply} */
  public int[] eosTokenIds() {
    return eosTokenIds.clone();
  }

  /** {@return whether end-of-sequence tokens are ordinary ones} */
  public boolean ignoreEos() {
    return ignoreEos;
  }

  /** {@return the further tokens that end the generation, ascending} */
  public int[] stopTokenIds() {
    return stopTokenIds.clone();
  }

  /** {@return the texts that end the generation; unmodifiable} */
  public List<String> stopStrings() {
    return stopStrings;
  }

  /** {@return whether the stop string stays in the text} */
  public boolean includeStopString() {
    return includeStopString;
  }

  /** {@return how many tokens are generated at least, 0 if there is no such limit} */
  public int minNewTokens() {
    return minNewTokens;
  }

  /** {@return how many tokens are generated at most; empty if there is no such limit} */
  public OptionalInt maxNewTokens() {
    return maxNewTokens == Decoding.UNLIMITED ? OptionalInt.empty() : OptionalInt.of(maxNewTokens);
  }

  /** {@return how long a generation may take; empty if there is no limit} */
  public Optional<Duration> deadline() {
    return Optional.ofNullable(deadline);
  }

  <R extends FilterRule> @Nullable R ruleOrNull(Class<R> type) {
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
