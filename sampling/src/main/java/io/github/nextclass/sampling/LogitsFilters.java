package io.github.nextclass.sampling;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The filters that some settings ask for, in the one order that there is: that of transformers'
 * {@code _get_logits_processor}, and what transformers lacks stands where llama.cpp has it.
 *
 * <pre>
 *   what changes classes      logit bias, sequence bias, repetition penalty, frequency and presence penalty *, DRY *, n-grams
 *   what forbids classes      banned, too early an end, all but the allowed, what no constraint allows
 *   only for sampling         top-n-sigma *, temperature, top-k, top-p, min-p, typical, epsilon, eta, XTC *,
 *                             dynamic temperature * (in the place of the fixed one)
 *   or with mirostat *        temperature, mirostat
 *
 *   *  not in transformers: vLLM (frequency and presence), llama.cpp (the others)
 * </pre>
 */
final class LogitsFilters {
  private final DecodingSettings settings;
  private final List<LogitsFilter> filters = new ArrayList<>();

  private LogitsFilters(DecodingSettings settings) {
    this.settings = settings;
  }

  static List<LogitsFilter> of(DecodingSettings settings, int classes, long seed) {
    return of(settings, classes, seed, null);
  }

  static List<LogitsFilter> of(
      DecodingSettings settings, int classes, long seed, @Nullable ConstrainedClasses constrained) {
    LogitsFilters chain = new LogitsFilters(settings);
    chain.addChanges(classes);
    chain.addBans(classes);
    if (constrained != null) {
      chain.filters.add(constrained);
    }
    if (settings.sample) {
      chain.addTruncations(seed);
    }
    return List.copyOf(chain.filters);
  }

  private void addChanges(int classes) {
    if (!settings.logitBias.isEmpty()) {
      filters.add(new LogitBias(settings.logitBias));
    }
    add(SequenceBias.class, SequenceBias.Filter::new);
    if (settings.repetitionPenalty != 1) {
      filters.add(new RepetitionPenalty(settings.repetitionPenalty, classes));
    }
    if (settings.frequencyPenalty != 0 || settings.presencePenalty != 0) {
      filters.add(
          new FrequencyPenalty(settings.frequencyPenalty, settings.presencePenalty, classes));
    }
    add(Dry.class, Dry.Filter::new);
    add(NoRepeatNgram.class, NoRepeatNgram.Filter::new);
  }

  private void addBans(int classes) {
    if (settings.bannedTokenIds.length > 0) {
      filters.add(new BannedClasses(settings.bannedTokenIds));
    }
    if (settings.minNewTokens > 0) {
      filters.add(new MinNewTokens(settings.minNewTokens, StopTokens.of(settings, classes)));
    }
    if (settings.allowedTokenIds != null) {
      filters.add(new AllowedClasses(settings.allowedTokenIds));
    }
  }

  private void addTruncations(long seed) {
    add(TopNSigma.class, TopNSigma.Filter::new);
    if (settings.temperature != 1 && settings.rule(DynamicTemperature.class) == null) {
      filters.add(new Temperature(settings.temperature));
    }
    if (settings.topK > 0) {
      filters.add(new TopK(settings.topK));
    }
    if (settings.topP < 1) {
      filters.add(new TopP(settings.topP));
    }
    if (settings.minP > 0) {
      filters.add(new MinP(settings.minP));
    }
    add(TypicalP.class, TypicalP.Filter::new);
    add(EpsilonCutoff.class, EpsilonCutoff.Filter::new);
    add(EtaCutoff.class, EtaCutoff.Filter::new);
    add(Xtc.class, xtc -> new Xtc.Filter(xtc, seed));
    add(
        DynamicTemperature.class,
        rule -> new DynamicTemperature.Filter(rule, settings.temperature));
    add(Mirostat.class, Mirostat.Filter::new);
  }

  private <R extends FilterRule> void add(Class<R> type, Function<R, LogitsFilter> filter) {
    @Nullable R rule = settings.rule(type);
    if (rule != null) {
      filters.add(filter.apply(rule));
    }
  }
}
