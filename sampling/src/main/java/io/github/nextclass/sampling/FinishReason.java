package io.github.nextclass.sampling;

/** Why a generation came to its end. */
public enum FinishReason {
  /**
   * The model chose its end-of-sequence class. It is the last of the tokens, and not part of the
   * text.
   */
  EOS,
  /**
   * A token of {@link Decoding#stopTokenIds(int...)} was chosen. It is the last of the tokens, and
   * not part of the text.
   */
  STOP_ID,
  /** The text contained one of {@link Decoding#stopStrings(String...)}. */
  STOP_STRING,
  /** {@link Decoding#maxNewTokens(int)} tokens were chosen. */
  LENGTH,
  /** The classifier cannot read a longer prefix. */
  CONTEXT_FULL,
  /** The {@link Cancellation} was used, the thread was interrupted, or the stream was closed. */
  CANCELLED,
  /** {@link Decoding#deadline(java.time.Duration)} had passed. */
  DEADLINE
}
