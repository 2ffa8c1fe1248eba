package io.github.nextclass.cli;

import io.github.nextclass.sampling.BeamSearch;
import io.github.nextclass.sampling.BeamSearch.EarlyStopping;
import io.github.nextclass.sampling.ContrastiveSearch;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.PromptLookup;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How sequences are found, where it is not one class after the other. */
final class SearchOptions {
  /** How many classes a contrastive search compares, as in its paper. */
  private static final int TOP_K = 4;

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--beams",
      paramLabel = "N",
      description = "Search with N beams for the most probable sequence; prints at its end.")
  private @Nullable Integer beams;

  @Option(
      names = "--length-penalty",
      paramLabel = "X",
      description = "With --beams: above 0 prefers long sequences. Default: 1.")
  private @Nullable Double lengthPenalty;

  @Option(
      names = "--early-stopping",
      paramLabel = "true|false|never",
      description = "With --beams: when to end before the longest. Default: false.")
  private @Nullable EarlyStopping earlyStopping;

  @Option(
      names = {"-n", "--num-return-sequences"},
      paramLabel = "N",
      description = "Print N sequences: the best beams, or N samples.")
  private @Nullable Integer numReturnSequences;

  @Option(
      names = "--penalty-alpha",
      paramLabel = "X",
      description =
          "Contrastive search: probable, and by X unlike what is there. Compares --top-k classes; "
              + "default: 4.")
  private @Nullable Double penaltyAlpha;

  @Option(
      names = "--prompt-lookup",
      paramLabel = "N",
      description = "Guess up to N tokens ahead from what is there: the same tokens, sooner.")
  private @Nullable Integer promptLookup;

  /**
   * Changes what is given.
   *
   * @param drawing whether a temperature was asked for; otherwise beams are greedy, whatever the
   *     checkpoint's settings are
   */
  Decoding applyTo(Decoding decoding, boolean drawing) {
    if (beams == null && (lengthPenalty != null || earlyStopping != null)) {
      throw usage("--length-penalty and --early-stopping need --beams");
    }
    try {
      if (beams != null) {
        BeamSearch search = BeamSearch.of(beams);
        search = lengthPenalty == null ? search : search.withLengthPenalty(lengthPenalty);
        search = earlyStopping == null ? search : search.withEarlyStopping(earlyStopping);
        decoding = (drawing ? decoding : decoding.temperature(0)).beams(search);
      }
      if (penaltyAlpha != null) {
        int topK = decoding.settings().topK();
        ContrastiveSearch search = new ContrastiveSearch(penaltyAlpha, topK == 0 ? TOP_K : topK);
        decoding = (drawing ? decoding : decoding.temperature(0)).contrastive(search);
      }
      if (numReturnSequences != null) {
        decoding = decoding.numReturnSequences(numReturnSequences);
      }
      return promptLookup == null ? decoding : decoding.promptLookup(PromptLookup.of(promptLookup));
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
