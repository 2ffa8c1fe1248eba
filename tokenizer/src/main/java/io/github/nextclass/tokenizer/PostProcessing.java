package io.github.nextclass.tokenizer;

import java.util.List;

/**
 * What happens behind the encoder: the {@code post_processor} of tokenizer.json. Immutable.
 *
 * @param prefix ids that {@code addSpecialTokens} puts before the text
 * @param suffix ids that it puts behind
 * @param trims how white space is taken out of the offsets, one rule after the other; never of the
 *     ids
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record PostProcessing(int[] prefix, int[] suffix, List<OffsetTrim> trims) {
  static final PostProcessing NONE = new PostProcessing(new int[0], new int[0], List.of());

  PostProcessing {
    trims = List.copyOf(trims);
  }

  /**
   * ByteLevel with {@code trim_offsets}: a token's place excludes the white space that the token
   * begins or ends with. Follows {@code process_offsets} in
   * tokenizers/src/pre_tokenizers/byte_level.rs.
   *
   * @param keepsFirstSpace whether a single space at the start of the text stays, since a
   *     pre-tokenizer may have put it there ({@code add_prefix_space})
   */
  record OffsetTrim(boolean keepsFirstSpace) {

    /** The trimmed start. */
    int start(int start, int end, int leadingSpaces, boolean firstToken) {
      boolean first = firstToken || start == 0;
      int dropped = first && keepsFirstSpace && leadingSpaces == 1 ? 0 : leadingSpaces;
      return Math.min(start + dropped, end);
    }

    /** The trimmed end, given the trimmed start. */
    int end(int start, int end, int trailingSpaces) {
      return end >= trailingSpaces ? Math.max(end - trailingSpaces, start) : end;
    }
  }
}
