package io.github.nextclass.sampling;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
 *   at last                   the end of a thought that takes too long
 *
 *   *  not in transformers: vLLM (frequency and presence), llama.cpp (the others)
 * </pre>
 */
final class LogitsFilters {
  private final DecodingSettings settings;

  /** How many classes a truncation must leave. */
  private final int atLeast;

  private final List<LogitsFilter> filters = new ArrayList<>();

  private LogitsFilters(DecodingSettings settings, int classes) {
    this.settings = settings;
    this.atLeast =
        settings.beams == null ? 1 : Math.max(2, 1 + StopTokens.of(settings, classes).all().length);
  }

  static List<LogitsFilter> of(DecodingSettings settings, int classes, long seed) {
    return of(settings, classes, seed, null);
  }

  static List<LogitsFilter> of(
      DecodingSettings settings, int classes, long seed, @Nullable ConstrainedClasses constrained) {
    LogitsFilters chain = new LogitsFilters(settings, classes);
    chain.addChanges(classes);
    chain.addBans(classes);
    if (constrained != null) {
      chain.add("constraint", constrained);
    }
    if (settings.sample) {
      chain.addTruncations(seed);
    }
    chain.add(ThinkingBudget.class, ThinkingBudget.Filter::new);
    return List.copyOf(chain.filters);
  }

  private void addChanges(int classes) {
    if (!settings.logitBias.isEmpty()) {
      add("logit bias", new LogitBias(settings.logitBias));
    }
    add(SequenceBias.class, SequenceBias.Filter::new);
    if (settings.repetitionPenalty != 1) {
      add(
          "repetition penalty " + settings.repetitionPenalty,
          new RepetitionPenalty(settings.repetitionPenalty, classes));
    }
    if (settings.frequencyPenalty != 0 || settings.presencePenalty != 0) {
      add(
          "frequency penalty "
              + settings.frequencyPenalty
              + ", presence penalty "
              + settings.presencePenalty,
          new FrequencyPenalty(settings.frequencyPenalty, settings.presencePenalty, classes));
    }
    add(Dry.class, Dry.Filter::new);
    add(NoRepeatNgram.class, NoRepeatNgram.Filter::new);
  }

  private void addBans(int classes) {
    if (settings.bannedTokenIds.length > 0) {
      add("banned classes", new BannedClasses(settings.bannedTokenIds));
    }
    if (settings.minNewTokens > 0) {
      add(
          "at least " + settings.minNewTokens + " tokens",
          new MinNewTokens(settings.minNewTokens, StopTokens.of(settings, classes)));
    }
    if (settings.allowedTokenIds != null) {
      add("allowed classes", new AllowedClasses(settings.allowedTokenIds));
    }
  }

  private void addTruncations(long seed) {
    add(TopNSigma.class, TopNSigma.Filter::new);
    if (settings.temperature != 1 && settings.ruleOrNull(DynamicTemperature.class) == null) {
      add("temperature " + settings.temperature, new Temperature(settings.temperature));
    }
    if (settings.topK > 0) {
      add("top-k " + settings.topK, new TopK(Math.max(settings.topK, atLeast)));
    }
    if (settings.topP < 1) {
      add("top-p " + settings.topP, keepingSome(new TopP(settings.topP)));
    }
    if (settings.minP > 0) {
      add("min-p " + settings.minP, keepingSome(new MinP(settings.minP)));
    }
    add(TypicalP.class, typical -> new TypicalP.Filter(typical, atLeast));
    add(EpsilonCutoff.class, epsilon -> keepingSome(new EpsilonCutoff.Filter(epsilon)));
    add(EtaCutoff.class, eta -> keepingSome(new EtaCutoff.Filter(eta)));
    add(Xtc.class, xtc -> new Xtc.Filter(xtc, seed));
    add(
        DynamicTemperature.class,
        rule -> new DynamicTemperature.Filter(rule, settings.temperature));
    add(Mirostat.class, Mirostat.Filter::new);
  }

  private LogitsFilter keepingSome(LogitsFilter filter) {
    return atLeast == 1 ? filter : new KeepAtLeast(filter, atLeast);
  }

  private <R extends FilterRule> void add(Class<R> type, Function<R, LogitsFilter> filter) {
    @Nullable R rule = settings.ruleOrNull(type);
    if (rule != null) {
      add(label(rule), filter.apply(rule));
    }
  }

  private void add(String label, LogitsFilter filter) {
    filters.add(new LabelledFilter(label, filter));
  }

  /** What the record is called, in words: {@code typical p, p=0.9}. */
  private static String label(FilterRule rule) {
    if (rule instanceof ThinkingBudget budget) {
      return "thinking budget " + budget.maxTokens();
    }
    if (rule instanceof SequenceBias) {
      return "sequence bias";
    }
    String text = rule.toString();
    int open = text.indexOf('[');
    String name = text.substring(0, open).replaceAll("(?<=[a-z])(?=[A-Z])", " ");
    return name.toLowerCase(Locale.ROOT) + ", " + text.substring(open + 1, text.length() - 1);
  }
}
