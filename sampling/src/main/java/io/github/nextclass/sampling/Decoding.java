package io.github.nextclass.sampling;

import static io.github.nextclass.sampling.Checks.check;

import io.github.nextclass.sampling.structure.Constraint;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * How a class is chosen at each step, and when to stop.
 *
 * <p>Start from {@link #greedy()}, {@link #sampling()} or {@link #fromGenerationConfig(Path)} and
 * change what matters:
 *
 * <pre>{@code
 * Decoding decoding = Decoding.sampling().temperature(0.7).topK(20).topP(0.8).seed(42).maxNewTokens(200);
 * }</pre>
 *
 * <p>Every method returns a changed copy. Names, meanings and the order in which the scores are
 * filtered are those of Hugging Face transformers; ranges are those of vLLM. A value out of range
 * is an {@link IllegalArgumentException} that names the value and the range. Immutable and
 * thread-safe.
 */
public final class Decoding {
  /** {@link #maxNewTokens(int)} of a generation that only stops for another reason. */
  public static final int UNLIMITED = Integer.MAX_VALUE;

  /**
   * Below this vLLM decodes greedily; here such a temperature is an error, because 0 says it
   * plainly.
   */
  static final double MIN_TEMPERATURE = 1e-5;

  private static final double MAX_TEMPERATURE = 2;
  private static final int MAX_SEQUENCES = 1024;

  /** What {@link Mirostat} takes the place of. */
  static final Set<Class<? extends FilterRule>> TRUNCATIONS =
      Set.of(
          TypicalP.class,
          EpsilonCutoff.class,
          EtaCutoff.class,
          TopNSigma.class,
          Xtc.class,
          DynamicTemperature.class);

  private final DecodingSettings settings;

  private Decoding(DecodingSettings settings) {
    this.settings = settings;
  }

  /**
   * Returns settings that choose the class with the highest score, the one with the lowest id among
   * equals.
   *
   * @return greedy decoding without filters or limits
   */
  public static Decoding greedy() {
    return new Decoding(new DecodingSettings());
  }

  /**
   * Returns settings that draw a class by its probability, at temperature 1 and without truncation.
   *
   * @return sampling without filters or limits
   */
  public static Decoding sampling() {
    return greedy().temperature(1);
  }

  /**
   * Reads the defaults of a checkpoint: do_sample, temperature, top_k, top_p, min_p, typical_p,
   * epsilon_cutoff, eta_cutoff, repetition_penalty, no_repeat_ngram_size, eos_token_id,
   * min_new_tokens, max_new_tokens, num_beams, length_penalty, early_stopping, penalty_alpha,
   * num_return_sequences, prompt_lookup_num_tokens, max_matching_ngram_size, suppress_tokens,
   * bad_words_ids, sequence_bias, stop_strings and max_time. A key that would change the tokens and
   * is not supported is refused, unless its value turns it off; max_length is left out with a line
   * in the log; all other keys change no token and are ignored. As in transformers, decoding is
   * greedy unless do_sample is true, sampling without a top_k means top_k 50, and a cutoff of 0 or
   * 1 does nothing.
   *
   * @param fileOrFolder generation_config.json or the folder that it is in; if there is no such
   *     file, the result is {@link #greedy()}
   * @return the defaults
   * @throws GenerationConfigException if the file is malformed or a value is out of range; the
   *     message names the key
   * @throws IOException if the file cannot be read
   */
  public static Decoding fromGenerationConfig(Path fileOrFolder) throws IOException {
    return GenerationConfigReader.read(fileOrFolder);
  }

  /**
   * Sets the temperature, by which the scores are divided, and draws from the result; 0 means
   * greedy.
   *
   * @param temperature 0, or 1e-5 to 2
   * @return the changed copy
   */
  public Decoding temperature(double temperature) {
    check(
        temperature == 0 || (temperature >= MIN_TEMPERATURE && temperature <= MAX_TEMPERATURE),
        "temperature",
        "0 (greedy) or in [1e-5, 2]",
        temperature);
    return changed(s -> {
      s.sample = temperature != 0;
      s.temperature = temperature == 0 ? 1 : temperature;
    });
  }

  /**
   * Keeps the classes with the {@code topK} highest scores, and those equal to the last of them.
   * Only for sampling.
   *
   * @param topK at least 1; 0 or -1 keeps all
   * @return the changed copy
   */
  public Decoding topK(int topK) {
    check(topK >= -1, "topK", "at least 1, or 0 (off)", topK);
    return changed(s -> s.topK = Math.max(topK, 0));
  }

  /**
   * Keeps the smallest set of most probable classes whose probabilities add up to {@code topP}
   * (nucleus sampling, Holtzman et al. 2019). Only for sampling.
   *
   * @param topP above 0, up to 1, which keeps all
   * @return the changed copy
   */
  public Decoding topP(double topP) {
    check(topP > 0 && topP <= 1, "topP", "in (0, 1]", topP);
    return changed(s -> s.topP = topP);
  }

  /**
   * Keeps the classes with at least {@code minP} times the probability of the best one (Nguyen et
   * al. 2024). Only for sampling.
   *
   * @param minP 0, which keeps all, to 1
   * @return the changed copy
   */
  public Decoding minP(double minP) {
    check(minP >= 0 && minP <= 1, "minP", "in [0, 1]", minP);
    return changed(s -> s.minP = minP);
  }

  /**
   * Divides positive and multiplies negative scores of tokens that are in the prompt or were
   * generated (Keskar et al. 2019).
   *
   * @param repetitionPenalty above 1 discourages repetition, below 1 encourages it, 1 does nothing;
   *     finite, above 0
   * @return the changed copy
   */
  public Decoding repetitionPenalty(double repetitionPenalty) {
    // The arithmetic is in float, and a value that is no positive float there would make NaN of the
    // scores.
    float asFloat = (float) repetitionPenalty;
    check(
        asFloat > 0 && Float.isFinite(asFloat),
        "repetitionPenalty",
        "finite and above 0",
        repetitionPenalty);
    return changed(s -> s.repetitionPenalty = repetitionPenalty);
  }

  /**
   * Lowers the score of each generated token by this much for every time it was generated, as
   * OpenAI and vLLM do.
   *
   * @param frequencyPenalty -2 to 2; 0 does nothing
   * @return the changed copy
   */
  public Decoding frequencyPenalty(double frequencyPenalty) {
    check(Math.abs(frequencyPenalty) <= 2, "frequencyPenalty", "in [-2, 2]", frequencyPenalty);
    return changed(s -> s.frequencyPenalty = frequencyPenalty);
  }

  /**
   * Lowers the score of each generated token by this much, once, as OpenAI and vLLM do.
   *
   * @param presencePenalty -2 to 2; 0 does nothing
   * @return the changed copy
   */
  public Decoding presencePenalty(double presencePenalty) {
    check(Math.abs(presencePenalty) <= 2, "presencePenalty", "in [-2, 2]", presencePenalty);
    return changed(s -> s.presencePenalty = presencePenalty);
  }

  /**
   * Adds a number to the scores of some classes.
   *
   * @param logitBias finite numbers by token id; an empty map does nothing
   * @return the changed copy
   */
  public Decoding logitBias(Map<Integer, Float> logitBias) {
    Map<Integer, Float> copy = Collections.unmodifiableMap(new TreeMap<>(logitBias));
    copy.forEach((tokenId, bias) -> {
      checkTokenId("logitBias", tokenId);
      check(Float.isFinite(bias), "logitBias of token " + tokenId, "finite", bias);
    });
    return changed(s -> s.logitBias = copy);
  }

  /**
   * Allows only some classes.
   *
   * @param tokenIds at least one
   * @return the changed copy
   */
  public Decoding allowedTokenIds(int... tokenIds) {
    int[] ids = sortedDistinct("allowedTokenIds", tokenIds);
    if (ids.length == 0) {
      throw new IllegalArgumentException(
          "allowedTokenIds must contain at least one token id, got none");
    }
    return changed(s -> s.allowedTokenIds = ids);
  }

  /**
   * Forbids some classes.
   *
   * @param tokenIds the forbidden classes
   * @return the changed copy
   */
  public Decoding bannedTokenIds(int... tokenIds) {
    int[] ids = sortedDistinct("bannedTokenIds", tokenIds);
    return changed(s -> s.bannedTokenIds = ids);
  }

  /**
   * Adds a rule. One of its kind that was set before is replaced; and {@link Mirostat} replaces
   * every truncation that was set before, top-k, top-p and min-p included.
   *
   * @param rule the rule
   * @return the changed copy
   */
  public Decoding with(FilterRule rule) {
    return changed(s -> {
      Map<Class<?>, FilterRule> rules = new HashMap<>(s.rules);
      if (rule instanceof Mirostat) {
        s.topK = 0;
        s.topP = 1;
        s.minP = 0;
        rules.keySet().removeAll(TRUNCATIONS);
      }
      rules.put(rule.getClass(), rule);
      s.rules = Map.copyOf(rules);
    });
  }

  /**
   * Removes a rule.
   *
   * @param type its kind
   * @return the changed copy
   */
  public Decoding without(Class<? extends FilterRule> type) {
    return changed(s -> {
      Map<Class<?>, FilterRule> rules = new HashMap<>(s.rules);
      rules.remove(type);
      s.rules = Map.copyOf(rules);
    });
  }

  /**
   * Searches with several beams for the most probable sequence, instead of choosing one class after
   * the other. With a temperature the continuations of the beams are drawn, not the best ones. Only
   * the scores of whole sequences are known, so nothing can be streamed before the end.
   *
   * @param beams how many, and how their lengths count
   * @return the changed copy
   */
  public Decoding beams(BeamSearch beams) {
    return changed(s -> s.beams = beams);
  }

  /**
   * Sets how many sequences {@link LanguageModel#generateAll(String, Decoding)} returns: that many
   * of the beams, or that many samples, of which number {@code i} has the draws of {@link
   * #seed(long)} {@code + i}. What gives one sequence gives one all the same.
   *
   * @param count at least 1
   * @return the changed copy
   */
  public Decoding numReturnSequences(int count) {
    check(
        count >= 1 && count <= MAX_SEQUENCES, "numReturnSequences", "1 to " + MAX_SEQUENCES, count);
    return changed(s -> s.numReturnSequences = count);
  }

  /**
   * Guesses tokens ahead from what stands in the sequence already, and has the model look at all of
   * them in one pass. The tokens chosen are the same.
   *
   * @param promptLookup how many
   * @return the changed copy
   */
  public Decoding promptLookup(PromptLookup promptLookup) {
    return changed(s -> s.promptLookup = promptLookup);
  }

  /**
   * Chooses at each step by probability and by unlikeness to what is there, see {@link
   * ContrastiveSearch}. Greedy decoding only.
   *
   * @param contrastive how much being alike costs, and how many classes are compared
   * @return the changed copy
   */
  public Decoding contrastive(ContrastiveSearch contrastive) {
    return changed(s -> s.contrastive = contrastive);
  }

  /**
   * Enforces a structure: at each step only classes are allowed with which the text can still
   * become one that the constraint allows, and can do so before {@link #maxNewTokens(int)} or the
   * context ends it. The text may end exactly where it is complete. Stop strings, deadlines and
   * cancellation still cut it anywhere.
   *
   * @param constraint the texts that are allowed
   * @return the changed copy
   * @throws IllegalArgumentException if there is a constraint already
   */
  public Decoding constraint(Constraint constraint) {
    Objects.requireNonNull(constraint, "constraint");
    if (settings.constraint != null) {
      throw new IllegalArgumentException(
          "there can be one constraint, got " + settings.constraint + " and " + constraint);
    }
    return changed(s -> s.constraint = constraint);
  }

  /**
   * Allows one of some texts, see {@link #constraint(Constraint)}.
   *
   * @param texts the texts
   * @return the changed copy
   * @throws IllegalArgumentException as {@link Constraint#choice(List)}, or if there is a
   *     constraint already
   */
  public Decoding choice(String... texts) {
    return constraint(Constraint.choice(List.of(texts)));
  }

  /**
   * Allows what a regular expression matches as a whole, see {@link #constraint(Constraint)}.
   *
   * @param pattern the regular expression
   * @return the changed copy
   * @throws IllegalArgumentException as {@link Constraint#regex(String)}, or if there is a
   *     constraint already
   */
  public Decoding regex(String pattern) {
    return constraint(Constraint.regex(pattern));
  }

  /**
   * Allows JSON texts that satisfy a schema, see {@link #constraint(Constraint)}.
   *
   * @param schema the JSON schema
   * @return the changed copy
   * @throws IllegalArgumentException as {@link Constraint#jsonSchema(String)}, or if there is a
   *     constraint already
   */
  public Decoding jsonSchema(String schema) {
    return constraint(Constraint.jsonSchema(schema));
  }

  /**
   * Fixes the draws. The same prompt, scores, settings and seed give the same tokens on every
   * machine. Without a seed each generation takes a new one, and {@link Generation#seed()} tells
   * which.
   *
   * @param seed any number
   * @return the changed copy
   */
  public Decoding seed(long seed) {
    return changed(s -> s.seed = seed);
  }

  /**
   * Sets the classes by which the model says that it has finished.
   *
   * @param tokenIds the end-of-sequence tokens; none means that the model's own apply, where they
   *     are known
   * @return the changed copy
   */
  public Decoding eosTokenIds(int... tokenIds) {
    int[] ids = sortedDistinct("eosTokenIds", tokenIds);
    return changed(s -> s.eosTokenIds = ids);
  }

  /**
   * Goes on after an end-of-sequence token as after any other.
   *
   * @param ignoreEos true to go on
   * @return the changed copy
   */
  public Decoding ignoreEos(boolean ignoreEos) {
    return changed(s -> s.ignoreEos = ignoreEos);
  }

  /**
   * Sets further tokens that end the generation.
   *
   * @param tokenIds the stop tokens
   * @return the changed copy
   */
  public Decoding stopTokenIds(int... tokenIds) {
    int[] ids = sortedDistinct("stopTokenIds", tokenIds);
    return changed(s -> s.stopTokenIds = ids);
  }

  /**
   * Sets texts that end the generation, wherever the borders of the tokens lie. The one that is
   * complete first counts, the longest if several are complete at the same character.
   *
   * @param stopStrings not empty, no half surrogate pairs
   * @return the changed copy
   */
  public Decoding stopStrings(String... stopStrings) {
    for (String stopString : stopStrings) {
      StopStringMatcher.check(stopString);
    }
    List<String> copy = List.of(stopStrings);
    return changed(s -> s.stopStrings = copy);
  }

  /**
   * Leaves the stop string in the text.
   *
   * @param includeStopString true to leave it, false (the default) to cut the text before it
   * @return the changed copy
   */
  public Decoding includeStopString(boolean includeStopString) {
    return changed(s -> s.includeStopString = includeStopString);
  }

  /**
   * Sets how many tokens are generated before an end-of-sequence token, a stop token or a stop
   * string can end it.
   *
   * @param minNewTokens at least 0, at most {@link #maxNewTokens(int)}
   * @return the changed copy
   */
  public Decoding minNewTokens(int minNewTokens) {
    check(minNewTokens >= 0, "minNewTokens", "at least 0", minNewTokens);
    checkMinMax(minNewTokens, settings.maxNewTokens);
    return changed(s -> s.minNewTokens = minNewTokens);
  }

  /**
   * Sets after how many tokens the generation ends.
   *
   * @param maxNewTokens at least 1; {@link #UNLIMITED} to go on until the context is full
   * @return the changed copy
   */
  public Decoding maxNewTokens(int maxNewTokens) {
    check(maxNewTokens >= 1, "maxNewTokens", "at least 1", maxNewTokens);
    checkMinMax(settings.minNewTokens, maxNewTokens);
    return changed(s -> s.maxNewTokens = maxNewTokens);
  }

  /**
   * Sets how long a generation may take, the reading of the prompt included. The time is looked at
   * between steps and between pieces of a long prompt.
   *
   * @param deadline above zero, counted from the start of the generation
   * @return the changed copy
   */
  public Decoding deadline(Duration deadline) {
    check(deadline.isPositive(), "deadline", "above zero", deadline);
    return changed(s -> s.deadline = deadline);
  }

  /**
   * Sets how many of the best classes each {@link Prediction} records.
   *
   * @param count at least 0; more than there are classes means all
   * @return the changed copy
   */
  public Decoding topClasses(int count) {
    check(count >= 0, "topClasses", "at least 0", count);
    return changed(s -> s.topClasses = count);
  }

  /**
   * Chooses whether each {@link Prediction} records what each filter did to the classes that it
   * shows. It costs a copy of all scores after each filter.
   *
   * @param traceFilters true to record it, false (the default) not to
   * @return the changed copy
   */
  public Decoding traceFilters(boolean traceFilters) {
    return changed(s -> s.traceFilters = traceFilters);
  }

  /**
   * Chooses whether the rows of the weight matrix behind the last token of the vocabulary are left
   * out. They only fill the matrix up; a trained model gives them low scores, one with random
   * weights does not.
   *
   * @param maskPadding true (the default) to leave them out, false for parity with transformers,
   *     which does not
   * @return the changed copy
   */
  public Decoding maskPadding(boolean maskPadding) {
    return changed(s -> s.maskPadding = maskPadding);
  }

  /**
   * Returns what these settings say.
   *
   * @return the values
   */
  public DecodingSettings settings() {
    return settings;
  }

  private Decoding changed(Consumer<DecodingSettings> change) {
    DecodingSettings copy = settings.copy();
    change.accept(copy);
    return new Decoding(copy);
  }

  private static void checkMinMax(int minNewTokens, int maxNewTokens) {
    if (minNewTokens > maxNewTokens) {
      throw new IllegalArgumentException(
          "minNewTokens must be at most maxNewTokens, got minNewTokens "
              + minNewTokens
              + " and maxNewTokens "
              + maxNewTokens);
    }
  }

  private static int[] sortedDistinct(String name, int[] tokenIds) {
    for (int tokenId : tokenIds) {
      checkTokenId(name, tokenId);
    }
    return Arrays.stream(tokenIds).sorted().distinct().toArray();
  }

  private static void checkTokenId(String name, int tokenId) {
    check(tokenId >= 0, name, "token ids of at least 0", tokenId);
  }
}
