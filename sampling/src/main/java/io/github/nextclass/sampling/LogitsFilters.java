package io.github.nextclass.sampling;

import java.util.ArrayList;
import java.util.List;

/**
 * The filters that some settings ask for, in the order of transformers' {@code
 * _get_logits_processor}: what changes single classes, then what forbids them, then, only for
 * sampling, temperature, top-k, top-p and min-p. The frequency and presence penalties, which
 * transformers lacks, follow the repetition penalty as they do in vLLM.
 */
final class LogitsFilters {
  private LogitsFilters() {}

  static List<LogitsFilter> of(DecodingSettings settings, int classes) {
    List<LogitsFilter> filters = new ArrayList<>();
    if (!settings.logitBias.isEmpty()) {
      filters.add(new LogitBias(settings.logitBias));
    }
    if (settings.repetitionPenalty != 1) {
      filters.add(new RepetitionPenalty(settings.repetitionPenalty, classes));
    }
    if (settings.frequencyPenalty != 0 || settings.presencePenalty != 0) {
      filters.add(
          new FrequencyPenalty(settings.frequencyPenalty, settings.presencePenalty, classes));
    }
    if (settings.bannedTokenIds.length > 0) {
      filters.add(new BannedClasses(settings.bannedTokenIds));
    }
    if (settings.minNewTokens > 0) {
      filters.add(new MinNewTokens(settings.minNewTokens, StopTokens.of(settings, classes)));
    }
    if (settings.allowedTokenIds != null) {
      filters.add(new AllowedClasses(settings.allowedTokenIds));
    }
    if (settings.sample) {
      if (settings.temperature != 1) {
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
    }
    return List.copyOf(filters);
  }
}
