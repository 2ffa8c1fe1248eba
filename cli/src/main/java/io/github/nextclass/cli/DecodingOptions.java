package io.github.nextclass.cli;

import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How classes are chosen, and when it ends. What is not given is as in generation_config.json. */
final class DecodingOptions {
  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Mixin private final FilterOptions rules = new FilterOptions();

  @Option(names = "--greedy", description = "Always take the best class.")
  private boolean greedy;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "Divide the scores by T and draw; 0 is greedy.")
  private @Nullable Double temperature;

  @Option(names = "--top-k", paramLabel = "K", description = "Draw from the K best classes.")
  private @Nullable Integer topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Draw from the best classes that together have probability P.")
  private @Nullable Double topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description = "Draw from the classes with at least P times the best probability.")
  private @Nullable Double minP;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "X",
      description = "Divide the scores of tokens that were there; 1 does nothing.")
  private @Nullable Double repetitionPenalty;

  @Option(
      names = "--frequency-penalty",
      paramLabel = "X",
      description = "Lower the score of a token by X each time it was generated.")
  private @Nullable Double frequencyPenalty;

  @Option(
      names = "--presence-penalty",
      paramLabel = "X",
      description = "Lower the score of a token by X once it was generated.")
  private @Nullable Double presencePenalty;

  @Option(names = "--seed", paramLabel = "N", description = "The same seed, the same draws.")
  private @Nullable Long seed;

  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      description = "End after N tokens, at the latest.")
  private @Nullable Integer maxNewTokens;

  @Option(names = "--min-new-tokens", paramLabel = "N", description = "Do not end before.")
  private @Nullable Integer minNewTokens;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End before this text; may be repeated.")
  private String @Nullable [] stop;

  @Option(names = "--ignore-eos", description = "Go on after an end-of-sequence token.")
  private boolean ignoreEos;

  @Option(names = "--timeout", paramLabel = "SECONDS", description = "End after this time.")
  private @Nullable Double timeout;

  @Option(
      names = "--keep-padding",
      description = "Let classes without a token be chosen, as transformers does.")
  private boolean keepPadding;

  /**
   * Changes what is given on the command line.
   *
   * @param model whose settings are the defaults
   * @param maxNewTokensOtherwise the longest answer where neither says one
   */
  Decoding applyTo(LanguageModel model, int maxNewTokensOtherwise) {
    return applyTo(model, model.defaultDecoding(), maxNewTokensOtherwise);
  }

  /**
   * Changes what is given on the command line.
   *
   * @param model what decodes
   * @param defaults the settings to change
   * @param maxNewTokensOtherwise the longest answer where neither says one
   */
  Decoding applyTo(LanguageModel model, Decoding defaults, int maxNewTokensOtherwise) {
    if (greedy && temperature != null && temperature != 0) {
      throw usage("--greedy and --temperature exclude each other");
    }
    try {
      Decoding ruled = rules.applyDry(rules.applyTo(defaults), model);
      return lengths(penalties(filters(ruled)), maxNewTokensOtherwise);
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
  }

  /** Whether a temperature above 0 was asked for. */
  boolean isDrawing() {
    return temperature != null && temperature != 0;
  }

  private Decoding filters(Decoding decoding) {
    decoding = greedy ? decoding.temperature(0) : decoding;
    decoding = temperature == null ? decoding : decoding.temperature(temperature);
    decoding = topK == null ? decoding : decoding.topK(topK);
    decoding = topP == null ? decoding : decoding.topP(topP);
    decoding = minP == null ? decoding : decoding.minP(minP);
    decoding = seed == null ? decoding : decoding.seed(seed);
    return keepPadding ? decoding.maskPadding(false) : decoding;
  }

  private Decoding penalties(Decoding decoding) {
    decoding = repetitionPenalty == null ? decoding : decoding.repetitionPenalty(repetitionPenalty);
    decoding = frequencyPenalty == null ? decoding : decoding.frequencyPenalty(frequencyPenalty);
    return presencePenalty == null ? decoding : decoding.presencePenalty(presencePenalty);
  }

  private Decoding lengths(Decoding decoding, int maxNewTokensOtherwise) {
    if (maxNewTokens != null) {
      decoding = decoding.maxNewTokens(maxNewTokens);
    } else if (decoding.settings().maxNewTokens().isEmpty()) {
      decoding = decoding.maxNewTokens(maxNewTokensOtherwise);
    }
    decoding = minNewTokens == null ? decoding : decoding.minNewTokens(minNewTokens);
    decoding = stop == null ? decoding : decoding.stopStrings(stop);
    decoding = ignoreEos ? decoding.ignoreEos(true) : decoding;
    return timeout == null ? decoding : decoding.deadline(duration(timeout));
  }

  private static Duration duration(double seconds) {
    if (!(seconds > 0 && seconds <= 1e9)) {
      throw new IllegalArgumentException(
          "--timeout is " + seconds + ", expected above 0 and at most 1e9 seconds");
    }
    return Duration.ofNanos(Math.max(1, (long) (seconds * 1e9)));
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
