package io.github.nextclass.sampling;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The tokens that end a generation. */
final class StopTokens {
  private final int[] eosTokenIds;
  private final int[] stopTokenIds;

  private StopTokens(int[] eosTokenIds, int[] stopTokenIds) {
    this.eosTokenIds = eosTokenIds;
    this.stopTokenIds = stopTokenIds;
  }

  /** Leaves out end-of-sequence tokens that are no classes: the classifier cannot choose them. */
  static StopTokens of(DecodingSettings settings, int classes) {
    IntStream eosTokenIds =
        settings.ignoreEos ? IntStream.empty() : Arrays.stream(settings.eosTokenIds);
    return new StopTokens(
        eosTokenIds.filter(tokenId -> tokenId < classes).toArray(), settings.stopTokenIds);
  }

  /** Why the token ends the generation; null if it does not. */
  @Nullable FinishReason reason(int tokenId) {
    if (Arrays.binarySearch(eosTokenIds, tokenId) >= 0) {
      return FinishReason.EOS;
    }
    return Arrays.binarySearch(stopTokenIds, tokenId) >= 0 ? FinishReason.STOP_ID : null;
  }

  int[] all() {
    return IntStream.concat(Arrays.stream(eosTokenIds), Arrays.stream(stopTokenIds))
        .sorted()
        .distinct()
        .toArray();
  }
}
