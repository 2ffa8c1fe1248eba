package io.github.nextclass.cli;

import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.Dry;
import io.github.nextclass.sampling.DynamicTemperature;
import io.github.nextclass.sampling.EpsilonCutoff;
import io.github.nextclass.sampling.EtaCutoff;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.Mirostat;
import io.github.nextclass.sampling.NoRepeatNgram;
import io.github.nextclass.sampling.TopNSigma;
import io.github.nextclass.sampling.TypicalP;
import io.github.nextclass.sampling.Xtc;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The filter rules that have a record each. */
final class FilterOptions {
  private static final String[] BREAKERS = {"\n", ":", "\"", "*"};

  @Option(
      names = "--typical-p",
      paramLabel = "P",
      description = "Draw from the classes of typical surprise that together have probability P.")
  private @Nullable Double typicalP;

  @Option(
      names = "--epsilon-cutoff",
      paramLabel = "P",
      description = "Draw from the classes of at least probability P.")
  private @Nullable Double epsilonCutoff;

  @Option(
      names = "--eta-cutoff",
      paramLabel = "P",
      description = "The same, with a lower bound where the model is uncertain.")
  private @Nullable Double etaCutoff;

  @Option(
      names = "--top-n-sigma",
      paramLabel = "N",
      description = "Draw from the scores within N standard deviations of the best.")
  private @Nullable Double topNSigma;

  @Option(
      names = "--xtc-probability",
      paramLabel = "P",
      description = "With probability P leave out all top choices but the last.")
  private @Nullable Double xtcProbability;

  @Option(
      names = "--xtc-threshold",
      paramLabel = "P",
      description = "A top choice has at least probability P. Default: ${DEFAULT-VALUE}.")
  private double xtcThreshold = 0.1;

  @Option(
      names = "--dynatemp-range",
      paramLabel = "X",
      description = "Move the temperature by up to X with the uncertainty.")
  private @Nullable Double dynatempRange;

  @Option(
      names = "--dynatemp-exp",
      paramLabel = "X",
      description = "How it moves. Default: ${DEFAULT-VALUE}.")
  private double dynatempExponent = 1;

  @Option(
      names = "--mirostat-tau",
      paramLabel = "BITS",
      description = "Keep the surprise near BITS; takes the place of every other truncation.")
  private @Nullable Double mirostatTau;

  @Option(
      names = "--mirostat-eta",
      paramLabel = "X",
      description = "How fast it corrects. Default: ${DEFAULT-VALUE}.")
  private double mirostatEta = 0.1;

  @Option(
      names = "--no-repeat-ngram-size",
      paramLabel = "N",
      description = "Let no N tokens come twice.")
  private @Nullable Integer noRepeatNgramSize;

  @Option(
      names = "--dry-multiplier",
      paramLabel = "X",
      description = "Lower the scores of tokens that continue a repetition; 0.8 is usual.")
  private @Nullable Double dryMultiplier;

  @Option(
      names = "--dry-base",
      paramLabel = "X",
      description = "The factor for each token more. Default: ${DEFAULT-VALUE}.")
  private double dryBase = 1.75;

  @Option(
      names = "--dry-allowed-length",
      paramLabel = "N",
      description = "Repetitions that are let be. Default: ${DEFAULT-VALUE}.")
  private int dryAllowedLength = 2;

  @Option(
      names = "--dry-last-n",
      paramLabel = "N",
      description = "Look at the last N tokens; -1, the default, is all.")
  private int dryLastN = Dry.ALL;

  @Option(
      names = "--dry-breaker",
      paramLabel = "TEXT",
      description = "No repetition reaches over it; may be repeated. Default: newline : \" *")
  private String[] dryBreakers = BREAKERS;

  /** Changes what is given. Mirostat first, so that what contradicts it is noticed. */
  Decoding applyTo(Decoding decoding) {
    if (mirostatTau != null) {
      decoding = decoding.with(new Mirostat(mirostatTau, mirostatEta));
    }
    decoding = typicalP == null ? decoding : decoding.with(new TypicalP(typicalP));
    decoding = epsilonCutoff == null ? decoding : decoding.with(new EpsilonCutoff(epsilonCutoff));
    decoding = etaCutoff == null ? decoding : decoding.with(new EtaCutoff(etaCutoff));
    decoding = topNSigma == null ? decoding : decoding.with(new TopNSigma(topNSigma));
    if (xtcProbability != null) {
      decoding = decoding.with(new Xtc(xtcProbability, xtcThreshold));
    }
    if (dynatempRange != null) {
      decoding = decoding.with(new DynamicTemperature(dynatempRange, dynatempExponent));
    }
    return noRepeatNgramSize == null
        ? decoding
        : decoding.with(new NoRepeatNgram(noRepeatNgramSize));
  }

  /** DRY needs the model, to find the tokens of its breakers. */
  Decoding applyDry(Decoding decoding, LanguageModel model) {
    if (dryMultiplier == null) {
      return decoding;
    }
    Set<Integer> breakers = model.tokenizer().isEmpty() ? Set.of() : model.dryBreakers(dryBreakers);
    return decoding.with(new Dry(dryMultiplier, dryBase, dryAllowedLength, dryLastN, breakers));
  }
}
